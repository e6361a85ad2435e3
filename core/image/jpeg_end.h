/// Is a JPEG whole?
#pragma once

#include <filesystem>

namespace sisr {

/// True when an end-of-image marker follows the start of the (main) image's data, or when the file
/// is no plain JPEG, which is then for the decoder to judge. Cameras append further data after the
/// marker, and a thumbnail in the EXIF data before has a marker of its own, so the last two bytes
/// alone tell nothing.
bool has_jpeg_end(const std::filesystem::path& file);

}  // namespace sisr
