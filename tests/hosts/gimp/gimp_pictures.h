/// What the tests give to GIMP, and how near its results must be.
#pragma once

#include "gimp_host.h"
#include "support/images.h"

#include <sisr/image_file.h>

namespace sisr::test {

constexpr double kLevel = 1.0 / 255 + 1e-6;  ///< of 8 bits: rounding may fall to either side
constexpr double kFine = 1e-3;               ///< for 16 bits and float

/// The GIMP that this program was started for.
inline GimpVersion g_version;

inline ImageShape rgb_shape(int width, int height, bool has_alpha = false) {
    return {width, height, 3, has_alpha, Encoding::display};
}

inline void write_at(const std::filesystem::path& file, const Image& image, Depth depth) {
    WriteOptions options;
    options.depth = depth;
    write_image(file, image, options);
}

/// Without the colour of pixels that cannot be seen, which GIMP does not save.
inline Image visible(Image image) {
    if (!image.shape().has_alpha) return image;
    const auto channels = static_cast<std::size_t>(image.channels());
    std::vector<float>& samples = image.samples();
    for (std::size_t i = 0; i < samples.size(); i += channels) {
        if (samples[i + channels - 1] == 0)
            std::fill_n(samples.begin() + static_cast<std::ptrdiff_t>(i), channels, 0.0F);
    }
    return image;
}

}  // namespace sisr::test
