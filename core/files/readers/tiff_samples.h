/// From a TIFF page's raw samples to our channels.
#pragma once

#include "files/readers/tiff_page.h"

#include <sisr/image_file.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sisr {

/// `count` samples of raw bytes as numbers: those of whole numbers as they are, unsigned.
void unpack_samples(const std::uint8_t* bytes, const TiffLayoutOfPage& layout, std::size_t count,
                    float* out);

/// How the numbers of a page become colours.
struct TiffColours {
    int channels = 3;  ///< colours that come out: 1 or 3
    Depth depth = Depth::u8;
    bool is_light = false;      ///< proportional to light, whatever else is said
    bool is_converted = false;  ///< to sRGB
    /// pixels, each of layout.colours numbers -> each of `channels`.
    std::function<void(const float* in, std::size_t pixels, float* out)> convert;
};

/// profile: the page's, for inks. Throws Error{bad_image}.
TiffColours tiff_colours(const TiffFile& file, const TiffLayoutOfPage& layout,
                         const std::string& profile);

/// What a number of full alpha is.
double largest_sample(const TiffLayoutOfPage& layout);

}  // namespace sisr
