#include "image/openimageio_files.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <sstream>
#include <vector>

namespace sisr {
namespace {

/// What OpenImageIO is asked for instead of the file's name; empty when the file has no extension
/// that a format could have.
std::string name_of_extension(const std::filesystem::path& file) {
    const std::string extension = file.extension().string();
    const bool is_plain =
        extension.size() > 1 && std::all_of(extension.begin() + 1, extension.end(),
                                            [](unsigned char c) { return std::isalnum(c) != 0; });
    return is_plain ? "x" + extension : "";
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
std::unique_ptr<OIIO::ImageInput> open_as(const std::string& format_or_name,
                                          const std::string& path, const OIIO::ImageSpec& config,
                                          std::string& reason) {
    auto input = OIIO::ImageInput::create(format_or_name);
    if (!input) {
        OIIO::geterror();
        return nullptr;
    }
    OIIO::ImageSpec spec;
    if (is_picture_format(input->format_name()) && input->open(path, spec, config)) return input;
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
    const std::string name = name_of_extension(file);
    auto input = name.empty() ? nullptr : open_as(name, path, config, reason);
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
    const std::string name = name_of_extension(file);
    auto output = name.empty() ? nullptr : OIIO::ImageOutput::create(name);
    if (!output) OIIO::geterror();
    return output;
}

}  // namespace sisr
