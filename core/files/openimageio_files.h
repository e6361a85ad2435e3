/// Files by name, as the file system means it: OpenImageIO's own open() takes what follows a `?`
/// for options.
#pragma once

#include <OpenImageIO/imageio.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace sisr {

/// To be held where OpenImageIO reads a page's head. Its 2.4.7 looks up what a colour profile
/// holds in maps of the whole process, which grow by looking (its issue 3756): two threads crash
/// it.
std::unique_lock<std::mutex> lock_heads();

/// Opens a picture by the format of its extension, or else by any other that takes it. Null with
/// a reason for those that none takes.
std::unique_ptr<OIIO::ImageInput> open_input(const std::filesystem::path& file,
                                             const OIIO::ImageSpec& config, std::string& reason);

/// A writer for the file's extension; null when there is none.
std::unique_ptr<OIIO::ImageOutput> create_output(const std::filesystem::path& file);

/// True for OpenImageIO's names of formats that hold still pictures.
bool is_picture_format(const std::string& format);

}  // namespace sisr
