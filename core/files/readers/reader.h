/// What FileSource reads by: one decoder per kind of file. Private to core/files.
#pragma once

#include "files/file_metadata.h"

#include <sisr/image_file.h>

#include <OpenImageIO/paramlist.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sisr {

/// The page that a reader stands at.
struct PageInfo {
    ImageShape shape;  ///< as the rows come
    Depth depth = Depth::u8;
    int orientation = 1;              ///< EXIF's, where the decoder tells it
    OIIO::ParamValueList attributes;  ///< as OpenImageIO names them
    std::string icc;                  ///< the decoder's; empty: none is told
    bool is_converted = false;        ///< to sRGB: the file's own profile is of no use
    std::optional<Windows> windows;
    std::optional<Animation> animation;
};

class FileReader {
public:
    virtual ~FileReader() = default;

    /// OpenImageIO's name of the format, also where another library reads it.
    virtual const std::string& format() const = 0;
    virtual const PageInfo& head() const = 0;
    /// As many as next_page() will reach, and those that cannot be read.
    virtual int pages() const = 0;
    /// False when there is no other that can be read.
    virtual bool next_page() = 0;
    virtual bool can_turn_pages() const { return false; }
    /// Rows in order, each once: colour, then unassociated alpha. Throws Error{bad_image}.
    virtual void read_rows(int y_begin, int y_end, float* out) = 0;
    /// What of the file is not read: reasons without its name.
    virtual std::vector<std::string> notes() const { return {}; }
};

/// Opens a file by the reader of its kind. Throws Error{bad_image, unsupported}.
std::unique_ptr<FileReader> open_reader(const std::filesystem::path& file,
                                        const MetadataParts& parts);

}  // namespace sisr
