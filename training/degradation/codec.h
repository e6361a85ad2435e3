/// Images through a lossy codec and back, in memory.
#pragma once

#include <sisr/image.h>

#include <string>
#include <vector>

namespace sisr::training {

enum class Chroma { full, quarter };  ///< 4:4:4, 4:2:0

/// Quality 1 to 100 on libjpeg's scale. `left` and `top` (0 to 7): the first block begins that many
/// pixels outside the image. Throws Error{internal} when the codec fails.
Image through_jpeg(const Image& image, int quality, Chroma chroma, int left = 0, int top = 0);

/// False where only JPEG is to be had: the others throw Error{unsupported} then.
bool has_image_codecs();

/// Lossy WebP, quality 1 to 100.
Image through_webp(const Image& image, int quality);

/// A PNG file's bytes, 8 bits.
std::vector<unsigned char> encode_png(const Image& image);

}  // namespace sisr::training
