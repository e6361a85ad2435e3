/// Letters of file names and keywords, the same in every locale: in Turkish, "TIF" does not become
/// "tif".
#pragma once

#include <filesystem>
#include <string>

namespace sisr {

/// A to Z as a to z; all other bytes stay.
inline std::string ascii_lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

/// ".jpg" of "a/B.JPG"; empty when there is none.
inline std::string lower_extension(const std::filesystem::path& file) {
    return ascii_lower(file.extension().string());
}

}  // namespace sisr
