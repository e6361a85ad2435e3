/// What files of some formats say that OpenImageIO does not hand on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace sisr {

enum class AlphaKind {
    none,       ///< the sample beside the colours is no alpha
    straight,   ///< colours are as they are
    associated  ///< colours are multiplied by their alpha
};

/// Of a file that OpenImageIO reads as `format`, from its own bytes; none: OpenImageIO tells it.
std::optional<AlphaKind> alpha_by_file(const std::filesystem::path& file,
                                       const std::string& format);

/// EXIF's 1 to 8, of a Radiance file by the order of its pixels; 0 for others.
int orientation_by_file(const std::filesystem::path& file, const std::string& format);

/// Throws Error{unsupported} for files that OpenImageIO takes for something that they are not: a
/// Radiance file in CIE XYZ, a DDS of associated alpha, a Cineon file.
void refuse_misread(const std::filesystem::path& file, const std::string& format);

}  // namespace sisr
