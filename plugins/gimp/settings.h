/// What the user chooses.
#pragma once

#include "bridge.h"
#include "host.h"

#include <stdexcept>
#include <string>

namespace sisr::gimp {

constexpr const char* kProcedure = "plug-in-sisr-upscale";
constexpr const char* kMenuPath = "<Image>/Filters/Enhance";
constexpr const char* kMenuLabel = "Super-Resolution (Upscale)...";
constexpr const char* kBlurb = "Enlarge a photograph by a network that was trained on photographs";
constexpr const char* kHelp =
    "Enlarges the whole image (canvas, layers, masks, channels, selection, paths, guides), the "
    "active layer in place, or the active layer into a new image. The network makes the layers' "
    "pixels; masks, channels and the selection are scaled by cubic filtering.";
constexpr const char* kAuthors = "The SISR contributors";
constexpr const char* kYear = "2026";

enum class Mode { image, layer, new_image };
constexpr const char* kModeNames[] = {"image", "layer", "new-image"};
constexpr const char* kColourLockNames[] = {"auto", "on", "off"};
constexpr const char* kInputNames[] = {"auto", "clean", "damaged", "heavy"};

struct Settings {
    Mode mode = Mode::image;
    std::string model = SISR_BRIDGE_DEFAULT_MODEL;
    double scale = SISR_BRIDGE_DEFAULT_SCALE;  ///< looked at where no size counts
    int width = 0;                             ///< of the result; 0: follows from the height
    int height = 0;
    /// The size of the picture that width and height were chosen for; 0 x 0: of any. For another
    /// picture the scale counts.
    Size sized_for;
    double strength = SISR_BRIDGE_MODEL_STRENGTH;
    SisrBridgeColorLock colour_lock = SISR_BRIDGE_COLOR_LOCK_AUTO;
    /// For models that hold weights of their own for some kinds of pictures.
    SisrBridgeInput input = SISR_BRIDGE_INPUT_AUTO;
    bool keep_print_size = true;  ///< whole image: the resolution grows with the pixels
};

/// One line for the user; a cancelled run is not to be shown.
class Failure : public std::runtime_error {
public:
    explicit Failure(const std::string& message, bool cancelled = false)
        : std::runtime_error(message), cancelled_(cancelled) {}
    bool cancelled() const { return cancelled_; }

private:
    bool cancelled_;
};

/// Throws the Failure that `error` tells, and frees it.
[[noreturn]] void throw_failure(GError* error);

/// Whether width or height count for a picture of this size.
bool has_size(const Settings& settings, Size input);

/// The size that `settings` make of `input`. Throws Failure for settings out of range, for a result
/// smaller than the input, and for one larger than the largest scale makes it or than GIMP takes.
Size target_size(const Settings& settings, Size input);

/// How many times larger `to` is, within what the bridge takes.
double scale_between(Size from, Size to);

/// For the bridge, with a result of exactly `size`; `scale` chooses a family's member. Points into
/// `settings`.
SisrBridgeSettings bridge_settings(const Settings& settings, Size size, double scale);

/// "600 x 400".
std::string to_text(Size size);

/// A line for each setting, for where GIMP remembers nothing itself.
std::string to_text(const Settings& settings);
/// What is missing or damaged in the text has its default.
Settings settings_from_text(const std::string& text);

}  // namespace sisr::gimp
