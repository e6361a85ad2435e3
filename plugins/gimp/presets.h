/// Settings that belong together, by what the user wants of the picture.
#pragma once

#include "settings.h"

namespace sisr::gimp {

struct Preset {
    const char* words;
    /// `resolution`: the image's, in pixels per inch.
    void (*apply)(Settings& settings, double resolution);
};

extern const Preset kPresets[4];

}  // namespace sisr::gimp
