/// What stands before the pixels of a Photoshop file.
#pragma once

#include "files/metadata/parts.h"

#include <cstdint>
#include <istream>
#include <string>

namespace sisr {

enum class PsdMode { bitmap = 0, grey = 1, indexed = 2, rgb = 3, cmyk = 4, duotone = 8, lab = 9 };

struct PsdHeader {
    bool is_large = false;  ///< PSB: counts of 32 bits
    int width = 0;
    int height = 0;
    int channels = 0;
    int depth = 8;  ///< bits: 1, 8, 16, 32 (floating point)
    PsdMode mode = PsdMode::rgb;
    std::string palette;            ///< of 256 reds, greens, blues
    int transparent = -1;           ///< index of a palette
    bool has_transparency = false;  ///< the channel behind the colours, which lie on white
    bool is_packed = false;         ///< rows in run lengths
    std::uint64_t pixels_at = 0;    ///< behind the kind of packing
    double resolution[2] = {0, 0};  ///< pixels per inch, across and down; 0: unknown
    MetadataParts parts;

    int colours() const;
    std::uint64_t row_bytes() const {
        return (static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(depth) + 7) / 8;
    }
};

/// Throws Error{bad_image, unsupported} that name `path`.
PsdHeader read_psd_header(std::istream& stream, const std::string& path);

}  // namespace sisr
