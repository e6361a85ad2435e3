#include "presets.h"

#include <algorithm>

namespace sisr::gimp {
namespace {

constexpr double kPrintResolution = 300;  ///< pixels per inch, beyond which prints gain nothing

void take_default_model(Settings& settings, double strength) {
    settings.model = SISR_BRIDGE_DEFAULT_MODEL;
    settings.strength = strength;
    settings.input = SISR_BRIDGE_INPUT_AUTO;
    settings.colour_lock = SISR_BRIDGE_COLOR_LOCK_AUTO;
}

void take_scale(Settings& settings, double scale) {
    settings.scale = std::clamp(scale, SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE);
    settings.width = settings.height = 0;
}

void natural(Settings& settings, double /*resolution*/) { take_default_model(settings, 0); }

void crisp(Settings& settings, double /*resolution*/) { take_default_model(settings, 1); }

void print(Settings& settings, double resolution) {
    take_default_model(settings, SISR_BRIDGE_MODEL_STRENGTH);
    settings.mode = Mode::image;
    settings.keep_print_size = true;
    take_scale(settings,
               resolution > 0 ? kPrintResolution / resolution : SISR_BRIDGE_DEFAULT_SCALE);
}

void restore(Settings& settings, double /*resolution*/) {
    take_default_model(settings, SISR_BRIDGE_MODEL_STRENGTH);
    settings.model = "restore";
    take_scale(settings, 1);
}

}  // namespace

const Preset kPresets[4] = {{"Natural: nothing invented", natural},
                            {"Crisp: most detail", crisp},
                            {"Print: 300 pixels per inch, same size on paper", print},
                            {"Restore JPEG only: same size, no blocks", restore}};

}  // namespace sisr::gimp
