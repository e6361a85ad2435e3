#include "settings.h"

#include <algorithm>
#include <iterator>

namespace sisr::gimp {
namespace {

struct KeyFileFree {
    void operator()(GKeyFile* file) const { g_key_file_free(file); }
};
using KeyFilePtr = std::unique_ptr<GKeyFile, KeyFileFree>;

constexpr const char* kGroup = "sisr";

/// Calls `use` with the value of `key` if it is there and of the type that `get` reads.
template <class Get, class Use>
void take(GKeyFile* file, const char* key, Get get, Use use) {
    GError* error = nullptr;
    const auto value = get(file, kGroup, key, &error);
    if (error == nullptr) {
        use(value);
    } else {
        g_error_free(error);
    }
}

}  // namespace

void throw_failure(GError* error) {
    const std::string message = error->message;
    const bool cancelled =
        g_error_matches(error, SISR_BRIDGE_ERROR, SISR_BRIDGE_ERROR_CANCELLED) != FALSE;
    g_error_free(error);
    throw Failure(message, cancelled);
}

bool has_size(const Settings& settings, Size input) {
    const bool is_given = settings.width != 0 || settings.height != 0;
    return is_given && (settings.sized_for == Size{} || settings.sized_for == input);
}

Size target_size(const Settings& settings, Size input) {
    const Size wanted = has_size(settings, input) ? Size{settings.width, settings.height} : Size{};
    SisrBridgeSettings asked = bridge_settings(settings, wanted, settings.scale);
    Size size;
    GError* error = nullptr;
    if (!sisr_bridge_output_size(&asked, input.width, input.height, &size.width, &size.height,
                                 &error)) {
        throw_failure(error);
    }
    const std::string text = to_text(size) + " pixels: ";
    if (size.width < input.width || size.height < input.height) {
        throw Failure(text + "smaller than what there is");
    }
    if (size.width > SISR_BRIDGE_MAX_SCALE * input.width ||
        size.height > SISR_BRIDGE_MAX_SCALE * input.height) {
        throw Failure(text + "more than " +
                      std::to_string(static_cast<int>(SISR_BRIDGE_MAX_SCALE)) +
                      " times what there is");
    }
    if (std::max(size.width, size.height) > max_image_side()) {
        throw Failure(text + "GIMP takes no more than " + std::to_string(max_image_side()) +
                      " each way");
    }
    return size;
}

double scale_between(Size from, Size to) {
    const double scale = std::max(static_cast<double>(to.width) / from.width,
                                  static_cast<double>(to.height) / from.height);
    return std::clamp(scale, SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE);
}

SisrBridgeSettings bridge_settings(const Settings& settings, Size size, double scale) {
    SisrBridgeSettings bridge = SISR_BRIDGE_SETTINGS_INIT;
    bridge.model = settings.model.c_str();
    bridge.scale = scale;
    bridge.width = size.width;
    bridge.height = size.height;
    bridge.strength = settings.strength;
    bridge.color_lock = settings.colour_lock;
    bridge.input = settings.input;
    return bridge;
}

std::string to_text(Size size) {
    return std::to_string(size.width) + " x " + std::to_string(size.height);
}

std::string to_text(const Settings& settings) {
    const KeyFilePtr file(g_key_file_new());
    g_key_file_set_integer(file.get(), kGroup, "mode", static_cast<int>(settings.mode));
    g_key_file_set_string(file.get(), kGroup, "model", settings.model.c_str());
    g_key_file_set_double(file.get(), kGroup, "scale", settings.scale);
    g_key_file_set_integer(file.get(), kGroup, "width", settings.width);
    g_key_file_set_integer(file.get(), kGroup, "height", settings.height);
    g_key_file_set_integer(file.get(), kGroup, "sized-for-width", settings.sized_for.width);
    g_key_file_set_integer(file.get(), kGroup, "sized-for-height", settings.sized_for.height);
    g_key_file_set_double(file.get(), kGroup, "strength", settings.strength);
    g_key_file_set_integer(file.get(), kGroup, "color-lock", settings.colour_lock);
    g_key_file_set_integer(file.get(), kGroup, "input-is", settings.input);
    g_key_file_set_boolean(file.get(), kGroup, "keep-print-size", settings.keep_print_size);
    gsize length = 0;
    gchar* text = g_key_file_to_data(file.get(), &length, nullptr);
    std::string result(text, length);
    g_free(text);
    return result;
}

Settings settings_from_text(const std::string& text) {
    Settings settings;
    const KeyFilePtr file(g_key_file_new());
    if (!g_key_file_load_from_data(file.get(), text.data(), text.size(), G_KEY_FILE_NONE,
                                   nullptr)) {
        return settings;
    }
    take(file.get(), "mode", g_key_file_get_integer, [&](int value) {
        const int last = static_cast<int>(std::size(kModeNames)) - 1;
        settings.mode = static_cast<Mode>(std::clamp(value, 0, last));
    });
    take(file.get(), "model", g_key_file_get_string, [&](gchar* value) {
        settings.model = value;
        g_free(value);
    });
    take(file.get(), "scale", g_key_file_get_double, [&](double v) { settings.scale = v; });
    take(file.get(), "width", g_key_file_get_integer, [&](int v) { settings.width = v; });
    take(file.get(), "height", g_key_file_get_integer, [&](int v) { settings.height = v; });
    take(file.get(), "sized-for-width", g_key_file_get_integer,
         [&](int v) { settings.sized_for.width = v; });
    take(file.get(), "sized-for-height", g_key_file_get_integer,
         [&](int v) { settings.sized_for.height = v; });
    // Older versions did not say for which picture: a size that fits any would surprise.
    if (settings.sized_for == Size{}) settings.width = settings.height = 0;
    take(file.get(), "strength", g_key_file_get_double, [&](double v) { settings.strength = v; });
    take(file.get(), "color-lock", g_key_file_get_integer, [&](int value) {
        const int last = static_cast<int>(std::size(kColourLockNames)) - 1;
        settings.colour_lock = static_cast<SisrBridgeColorLock>(std::clamp(value, 0, last));
    });
    take(file.get(), "input-is", g_key_file_get_integer, [&](int value) {
        const int last = static_cast<int>(std::size(kInputNames)) - 1;
        settings.input = static_cast<SisrBridgeInput>(std::clamp(value, 0, last));
    });
    take(file.get(), "keep-print-size", g_key_file_get_boolean,
         [&](gboolean value) { settings.keep_print_size = value != FALSE; });
    return settings;
}

}  // namespace sisr::gimp
