/// What a FileMetadata holds; private to the reader and the writer.
#pragma once

#include <sisr/image_file.h>

#include <OpenImageIO/paramlist.h>

#include <string>

namespace sisr {

class FileMetadata {
public:
    OIIO::ParamValueList attributes;  ///< all that OpenImageIO told of the source
    std::string format;               ///< OpenImageIO's name of the source's format
    Depth depth = Depth::u8;
};

/// True for OpenImageIO's names of formats that hold light, not display values.
inline bool is_linear_format(const std::string& format) {
    return format == "openexr" || format == "hdr";
}

/// An OpenImageIO message as the end of one line: without line breaks and the path, which the
/// Error names itself.
std::string one_line(std::string message, const std::string& path);

}  // namespace sisr
