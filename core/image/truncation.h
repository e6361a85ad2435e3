/// Is a file whole? Asked before the decoders are, for what they do not tell or tell badly.
#pragma once

#include <filesystem>

namespace sisr {

/// True for a JPEG without an end-of-image marker behind the start of its (main) image's data
/// (libjpeg fills what is missing with grey and only warns; cameras append further data behind the
/// marker, and an EXIF thumbnail has one of its own, so the last bytes alone tell nothing), and for
/// a PNG whose chunks do not reach IEND (libpng prints to the terminal unasked), and for a WebP
/// shorter than its header says. Files of other kinds are left to their decoders.
bool is_truncated(const std::filesystem::path& file);

/// True for a file whose first bytes are those of a picture.
bool begins_as_picture(const std::filesystem::path& file);

}  // namespace sisr
