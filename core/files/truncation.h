/// Is a file whole? Asked before the decoders are, for what they do not tell or tell badly.
#pragma once

#include <filesystem>

namespace sisr {

/// True for a JPEG without an end-of-image marker behind the start of its (main) image's data
/// (libjpeg fills what is missing with grey and only warns; cameras append further data behind the
/// marker, and an EXIF thumbnail has one of its own, so the last bytes alone tell nothing), and for
/// a PNG whose chunks do not reach IEND (libpng prints to the terminal unasked), and for a WebP
/// shorter than its header says, and for a DPX that claims more user data than it has bytes. Files
/// of other kinds are left to their decoders.
bool is_truncated(const std::filesystem::path& file);

/// True for Windows icons: OpenImageIO 2.4 writes beyond its memory when one of them is damaged.
bool is_icon(const std::filesystem::path& file);

/// True for a file whose first bytes are those of a picture.
bool begins_as_picture(const std::filesystem::path& file);

}  // namespace sisr
