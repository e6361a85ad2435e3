/// Pictures of few colours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sisr {

struct PalettePicture {
    std::vector<std::array<std::uint8_t, 3>>
        colours;                        ///< at most 256, that of no colour among them
    std::vector<std::uint8_t> indices;  ///< of each pixel, row by row
    int transparent = -1;               ///< the index of pixels without colour
};

/// pixels: width * height of 3 samples, or of 4 with alpha, of which half and more is taken for
/// opaque. A picture of no more than 256 colours keeps them exactly; others are dithered.
PalettePicture make_palette_picture(const std::uint8_t* pixels, int width, int height,
                                    bool has_alpha);

}  // namespace sisr
