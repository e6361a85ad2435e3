/// Image files in and out, through OpenImageIO.
#pragma once

#include <sisr/export.h>
#include <sisr/image.h>
#include <sisr/rows.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sisr {

/// Sample type in a file.
enum class Depth { u8, u16, half, f32 };

/// A file as a stream of rows. Colour profile, EXIF, IPTC, XMP and resolution come along as
/// metadata(). Palette images are expanded; associated alpha is un-premultiplied; printing inks
/// (CMYK) and L*a*b* become sRGB by the file's profile, which is left out then. Single NaN and Inf
/// get the mean of their neighbours.
class SISR_API FileSource final : public RowSource {
public:
    /// Opens the file's first page. Throws Error{not_found, io, bad_image, unsupported}.
    explicit FileSource(const std::filesystem::path& file);
    ~FileSource() override;

    ImageShape shape() const override;
    /// Throws Error{bad_image} for truncated or damaged data, Error{usage} out of order.
    void read_rows(int y_begin, int y_end, float* out) override;

    /// How many pages or frames the file has; not all formats' can be read beyond the first.
    int pages() const;
    /// True when pages beyond the first can be read.
    bool can_turn_pages() const;
    /// Goes to the next page, whose shape and metadata may be others. False when there is none that
    /// can be read.
    bool next_page();

    /// EXIF's 1 to 8: how a viewer has to turn the rows; 1: not at all.
    int orientation() const;
    /// Gives the rows as a viewer shows them from now on, for formats that cannot tell viewers to
    /// turn them. The whole page is held in memory at the file's depth. Call it before reading.
    void make_upright();

    /// What of the file is not read, or not as it stands there, as ends of lines that begin with
    /// its name. More may come with the rows.
    std::vector<std::string> notes() const;
    /// True when the pixels are not all, or more, of what is to be seen (OpenEXR's data window):
    /// OpenEXR files are written so again, others hold just the pixels.
    bool has_windows() const;

    Depth depth() const;
    /// OpenImageIO's name of the format: "png", "jpeg", "tiff"...
    const std::string& format() const;
    std::shared_ptr<const FileMetadata> metadata() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// How the file was written (format, depth, quality, windows, an animation's times), without what
/// it tells: profile, EXIF, IPTC, XMP, texts.
SISR_API std::shared_ptr<const FileMetadata> stripped(const FileMetadata& metadata);

struct WriteOptions {
    std::optional<Depth> depth;  ///< none: the metadata's file's; the nearest that the format has
    int quality = 0;             ///< 1 to 100, if lossy; 0: a JPEG's own, at least 75, else 95
    std::shared_ptr<const FileMetadata> metadata;  ///< null: none is written
    int pages = 1;                ///< how often the sink is gone through, from begin() to finish()
    double resolution_scale = 1;  ///< pixels per inch grow by this factor, where the file tells any
};

/// Writes a file row by row under a temporary name in the target's folder; the last page's finish()
/// syncs it and gives it its name. The format follows the target's extension. Where the format
/// cannot hold alpha it is composited on white, where it cannot hold the depth it gets the nearest.
class SISR_API FileSink final : public RowSink {
public:
    /// Throws Error{unsupported} for an extension that cannot be written.
    FileSink(const std::filesystem::path& file, const WriteOptions& options);
    /// Removes the temporary file unless finish() has succeeded.
    ~FileSink() override;

    /// How the next page is to be written where it is another than the first: its depth, metadata
    /// and resolution_scale are taken. Call it before begin().
    void set_page(const WriteOptions& options);
    /// Throws Error{io} when the folder cannot be written.
    void begin(const ImageShape& shape) override;
    void write_rows(int y_begin, int y_end, const float* rows) override;
    void finish() override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The whole first image of a file. Throws as FileSource does.
SISR_API Image read_image(const std::filesystem::path& file);

/// Throws as FileSink does. Without options.metadata the image's own metadata is written.
SISR_API void write_image(const std::filesystem::path& file, const Image& image,
                          const WriteOptions& options = {});

/// Throws Error{unsupported} when a file of this name cannot be written or its format cannot hold
/// such pages: it names the limit, and other formats. To be asked before the work is done.
SISR_API void check_can_hold(const std::filesystem::path& file, const ImageShape& shape,
                             const WriteOptions& options);

/// True when the extension is one that this build reads (case is ignored).
SISR_API bool has_image_extension(const std::filesystem::path& file);

/// True when files with this extension (without the dot) can be written.
SISR_API bool can_write_extension(const std::string& extension);

/// True when files of this name's kind can hold several pages.
SISR_API bool can_write_pages(const std::filesystem::path& file);

/// True when a viewer will turn the picture after it was written into a file of this name's kind as
/// it does before. format: of the source.
SISR_API bool keeps_orientation(const std::string& format, const std::filesystem::path& file);

/// True when files of this name's kind tell where their pixels lie in what is to be seen.
SISR_API bool keeps_windows(const std::filesystem::path& file);

/// What stands under a name: a whole picture; the begin of one, or nothing; something else.
enum class FileState { whole, cut_off, foreign };

/// Looks at the head and the end of a file, not at its pixels.
SISR_API FileState look_at_file(const std::filesystem::path& file);

/// Removes the temporary files that writers on this host left in a folder when they were killed.
/// Those of other running programs and of other hosts stay; those of this one go when `ours_too`.
SISR_API void remove_abandoned_files(const std::filesystem::path& folder, bool ours_too = false);

}  // namespace sisr
