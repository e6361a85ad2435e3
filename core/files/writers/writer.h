/// One format's codec, as FileSink uses it: the samples come as the file shall hold them.
#pragma once

#include "files/format_table.h"
#include "files/metadata/parts.h"

#include <OpenImageIO/imageio.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace sisr {

/// A codec's or the disk's refusal; what() is the reason, which may be empty. FileSink says what
/// was refused.
class WriteFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What stands before a page's rows.
struct PageHead {
    OIIO::ImageSpec spec;  ///< size, channels, sample type, and what OpenImageIO knows by name
    std::optional<MetadataParts> parts;  ///< of the source, where the format holds them
    int quality = 0;                     ///< 1 to 100, of formats that are lossy
    bool is_lossless = false;            ///< of formats that can be either
    int page = 0;
    int delay = 0;             ///< of an animation's frame, in hundredths of a second
    std::optional<int> loops;  ///< of an animation: repetitions, 0 for ever; none: shown once
    std::string comment;
};

class Writer {
public:
    Writer() = default;
    virtual ~Writer() = default;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Begins a page. Returns the type of the samples that are to come: UINT8, UINT16, or FLOAT
    /// for all else. Throws WriteFailure, as all of these do.
    virtual OIIO::TypeDesc begin(PageHead head) = 0;
    /// The next rows: unsigned whole numbers or float, of head.spec's channels.
    virtual void write_rows(int y_begin, int y_end, const void* samples) = 0;
    /// True where 16-bit samples are wanted with their high byte first.
    virtual bool wants_big_endian() const { return false; }
    virtual void end_page() {}
    /// Behind the last page: everything is in the file when it returns.
    virtual void finish() = 0;
};

/// name: of the file to write, which is there and empty. Throws WriteFailure.
std::unique_ptr<Writer> make_writer(const Format& format, const std::string& name);

std::unique_ptr<Writer> make_openimageio_writer(const Format& format, const std::string& name);
std::unique_ptr<Writer> make_png_writer(const std::string& name);
std::unique_ptr<Writer> make_jpeg_writer(const std::string& name);
std::unique_ptr<Writer> make_gif_writer(const std::string& name);
std::unique_ptr<Writer> make_webp_writer(const std::string& name);
std::unique_ptr<Writer> make_heif_writer(const Format& format, const std::string& name);

}  // namespace sisr
