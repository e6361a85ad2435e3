#include "files/openimageio_files.h"

#include "base/ascii.h"

#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <string_view>
#include <vector>

namespace sisr {
namespace {

/// In lower case, without the dot; empty for what no format could have.
std::string plain_extension(const std::filesystem::path& file) {
    constexpr std::string_view kUsed = "abcdefghijklmnopqrstuvwxyz0123456789";
    const std::string extension = lower_extension(file);
    if (extension.size() < 2 || extension.find_first_not_of(kUsed, 1) != std::string::npos) {
        return "";
    }
    return extension.substr(1);
}

/// Empty when no format has the extension.
std::string format_of(const std::filesystem::path& file) {
    const std::string extension = plain_extension(file);
    for (const auto& [format, extensions] : OIIO::get_extension_map()) {
        const bool is_it =
            std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
        if (is_it && is_picture_format(format)) return format;
    }
    return "";
}

std::vector<std::string> input_formats() {
    std::istringstream list(OIIO::get_string_attribute("input_format_list"));
    std::vector<std::string> formats;
    for (std::string format; std::getline(list, format, ',');) {
        if (is_picture_format(format)) formats.push_back(format);
    }
    return formats;
}

/// Null when the file is not of the format.
std::unique_ptr<OIIO::ImageInput> open_as(const std::string& format, const std::string& path,
                                          const OIIO::ImageSpec& config, std::string& reason) {
    auto input = OIIO::ImageInput::create(format);
    if (!input) {
        OIIO::geterror();
        return nullptr;
    }
    OIIO::ImageSpec spec;
    if (input->open(path, spec, config)) return input;
    const std::string told = input->geterror();
    if (reason.empty()) reason = told;
    OIIO::geterror();
    return nullptr;
}

}  // namespace

std::unique_lock<std::mutex> lock_heads() {
    static std::mutex heads;
    return std::unique_lock(heads);
}

bool is_picture_format(const std::string& format) {
    const std::initializer_list<const char*> kOthers = {"ffmpeg",  "null",    "term",
                                                        "openvdb", "field3d", "ico"};
    return std::find(kOthers.begin(), kOthers.end(), format) == kOthers.end();
}

std::unique_ptr<OIIO::ImageInput> open_input(const std::filesystem::path& file,
                                             const OIIO::ImageSpec& config, std::string& reason) {
    const auto lock = lock_heads();
    const std::string path = file.string();
    const std::string by_name = format_of(file);
    auto input = by_name.empty() ? nullptr : open_as(by_name, path, config, reason);
    if (input) return input;
    const bool has_reason = !reason.empty();
    for (const std::string& format : input_formats()) {
        input = open_as(format, path, config, reason);
        if (input) return input;
    }
    // What formats that the file does not claim to be say of it is of no help.
    if (!has_reason) reason.clear();
    return nullptr;
}

std::unique_ptr<OIIO::ImageOutput> create_output(const std::filesystem::path& file) {
    const std::string extension = plain_extension(file);
    auto output = extension.empty() ? nullptr : OIIO::ImageOutput::create("x." + extension);
    if (!output) OIIO::geterror();
    return output;
}

}  // namespace sisr
