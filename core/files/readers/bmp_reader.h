/// Windows' and OS/2's bitmaps. OpenImageIO takes no account of their bit masks, and takes what
/// many programs leave 0 for alpha; no library of Debian's reads nothing but these.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

/// Of 1 to 32 bits, with palette, bit masks or run lengths. Throws Error{bad_image, unsupported}.
std::unique_ptr<FileReader> open_bmp(const std::filesystem::path& file, const MetadataParts& parts);

}  // namespace sisr
