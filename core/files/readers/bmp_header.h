/// The head of a bitmap file.
#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace sisr {

struct BmpMask {
    std::uint32_t bits = 0;
    int shift = 0;
    std::uint32_t largest = 0;  ///< 0: the pixels have none of it
};

struct BmpHeader {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool is_top_down = false;
    int bits = 0;      ///< per pixel: 1, 2, 4, 8 (palette), 16, 24, 32
    int run_bits = 0;  ///< 4 or 8 for pixels in run lengths, else 0
    std::uint64_t pixels_at = 0;
    std::vector<std::array<std::uint8_t, 3>> palette;  ///< R, G, B
    std::array<BmpMask, 4> masks;                      ///< R, G, B, alpha, for 16 bits and more
    double per_metre[2] = {0, 0};                      ///< pixels, across and down
    std::string icc;

    std::uint64_t row_bytes() const {
        return (static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(bits) + 31) / 32 * 4;
    }
};

/// Throws Error{bad_image, unsupported} that name `path`.
BmpHeader read_bmp_header(std::istream& stream, const std::string& path);

}  // namespace sisr
