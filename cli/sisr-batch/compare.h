/// Before/after sheets.
#pragma once

#include <filesystem>

namespace sisr::cli {

/// The sheet's name for a result: "a.jpg" gives "a-compare.png" in the same folder.
std::filesystem::path compare_path(const std::filesystem::path& result);

/// Writes the middle of a result beside the same part of the input, enlarged by bicubic
/// interpolation to the same size: plain enlargement on the left, ours on the right. is_turned: the
/// result's pixels were turned upright. Throws as reading and writing image files do.
void write_compare_sheet(const std::filesystem::path& input, const std::filesystem::path& result,
                         bool is_turned);

}  // namespace sisr::cli
