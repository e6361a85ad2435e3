#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

namespace sisr {

void check_size(const std::string& path, long long width, long long height, long long channels) {
    constexpr long long kMaxSide = 1 << 24;
    constexpr long long kMaxChannels = 64;
    const bool is_sound = width >= 1 && height >= 1 && width <= kMaxSide && height <= kMaxSide &&
                          channels >= 1 && channels <= kMaxChannels;
    if (is_sound) return;
    throw Error(ErrorKind::bad_image, path,
                "claims " + std::to_string(width) + "x" + std::to_string(height) + " pixels of " +
                    std::to_string(channels) + " channels");
}

void unpremultiply(float* samples, std::size_t pixels, int colour_channels) {
    for (; pixels > 0; --pixels, samples += colour_channels + 1) {
        const float alpha = samples[colour_channels];
        if (alpha <= 0) continue;
        for (int c = 0; c < colour_channels; ++c) samples[c] /= alpha;
    }
}

}  // namespace sisr
