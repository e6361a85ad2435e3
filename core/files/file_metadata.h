/// What a FileMetadata holds; private to the reader and the writer.
#pragma once

#include "files/metadata/parts.h"

#include <sisr/image_file.h>

#include <OpenImageIO/paramlist.h>

#include <optional>
#include <string>
#include <vector>

namespace sisr {

/// Where the pixels of a file lie (OpenEXR's data window) in what it is to be seen as (its display
/// window), where these are not the same. In pixels.
struct Windows {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
    int full_x = 0;
    int full_y = 0;
    int full_width = 0;
    int full_height = 0;
};

/// How the frames of a file follow each other.
struct Animation {
    std::vector<int> delays;   ///< of each frame, in hundredths of a second
    std::optional<int> loops;  ///< repetitions, 0 for ever; none: shown once
};

class FileMetadata {
public:
    OIIO::ParamValueList attributes;  ///< all that OpenImageIO told of the source
    std::string format;               ///< OpenImageIO's name of the source's format
    Depth depth = Depth::u8;
    MetadataParts parts;     ///< what JPEG, PNG, WebP and TIFF files say, byte for byte
    int orientation = 1;     ///< EXIF's: how the stored rows are to be turned for a viewer
    bool is_turned = false;  ///< the pixels were turned upright when they were read
    std::optional<Windows> windows;
    std::optional<Animation> animation;  ///< of the first page, for all
};

/// An OpenImageIO message as the end of one line: without line breaks, and with `name` (or
/// the path's last part) instead of the path, which the Error names itself.
std::string one_line(std::string message, const std::string& path, std::string name = "");

}  // namespace sisr
