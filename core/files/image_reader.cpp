#include "base/ascii.h"
#include "files/file_metadata.h"
#include "files/format_table.h"
#include "files/openimageio_files.h"
#include "files/readers/reader.h"
#include "files/truncation.h"
#include "image/finite_rows.h"
#include "image/turn.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <unistd.h>

namespace sisr {
namespace {

namespace fs = std::filesystem;

void check_file(const fs::path& file) {
    const std::string path = file.string();
    std::error_code status;
    const auto type = fs::status(file, status).type();
    if (type == fs::file_type::not_found) throw Error(ErrorKind::not_found, path, "no such file");
    if (type == fs::file_type::directory) {
        throw Error(ErrorKind::bad_image, path, "is a folder, not an image");
    }
    if (type != fs::file_type::regular) {
        throw Error(ErrorKind::bad_image, path, "is not a regular file");
    }
    if (::access(file.c_str(), R_OK) != 0) {
        throw Error(ErrorKind::io, path,
                    std::string("cannot be read (") + std::strerror(errno) + ")");
    }
    if (fs::file_size(file, status) == 0) throw Error(ErrorKind::bad_image, path, "is empty");
}

}  // namespace

std::string one_line(std::string message, const std::string& path, std::string name) {
    if (name.empty()) name = fs::path(path).filename().string();
    for (auto at = message.find(path); !path.empty() && at != std::string::npos;
         at = message.find(path, at + name.size())) {
        message.replace(at, path.size(), name);
    }
    message = message.substr(0, message.find('\n'));
    while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.pop_back();
    return message;
}

namespace {

/// The page that a reader stands at.
class PageRows final : public RowSource {
public:
    explicit PageRows(FileReader& reader) : reader_(reader) {}
    ImageShape shape() const override { return reader_.head().shape; }
    void read_rows(int y_begin, int y_end, float* out) override {
        reader_.read_rows(y_begin, y_end, out);
    }

private:
    FileReader& reader_;
};

}  // namespace

struct FileSource::Impl {
    explicit Impl(const fs::path& file) : path(file.string()) {
        check_file(file);
        if (is_icon(file)) fail(ErrorKind::unsupported, "is an icon, not a photograph");
        if (is_truncated(file)) fail(ErrorKind::bad_image, "is truncated");
        parts = read_parts(file);
        reader = open_reader(file, parts);
        // Containers that hold one of these as a preview are OpenImageIO's to take apart.
        parts.is_known = parts.is_known && has(format_named(reader->format()), kParts);
        start_page();
    }

    void start_page() {
        const PageInfo& head = reader->head();
        shape = head.shape;
        next_row = 0;
        turned.reset();
        keep_note();
        finite.reset();
        rows = std::make_unique<PageRows>(*reader);
        const bool is_float = head.depth == Depth::half || head.depth == Depth::f32;
        if (is_float) finite = std::make_unique<FiniteRows>(*rows, path);
        auto kept = std::make_shared<FileMetadata>();
        kept->attributes = head.attributes;
        kept->format = reader->format();
        kept->depth = head.depth;
        kept->windows = head.windows;
        kept->animation = head.animation;
        if (page == 0) kept->parts = parts;
        // OpenImageIO damages JPEG's profiles of more than a segment.
        if (kept->parts.icc.empty()) kept->parts.icc = head.icc;
        if (head.is_converted) kept->parts.icc.clear();
        kept->attributes.remove("ICCProfile");
        const int told = kept->parts.is_known ? orientation_of(kept->parts) : head.orientation;
        kept->orientation = told >= 1 && told <= 8 ? told : 1;
        metadata = std::move(kept);
    }

    /// Of the page that was read.
    void keep_note() {
        if (finite && !finite->note().empty()) repairs.push_back(finite->note());
    }

    [[noreturn]] void fail(ErrorKind kind, const std::string& reason) const {
        throw Error(kind, path, reason);
    }

    std::string path;
    MetadataParts parts;
    std::unique_ptr<FileReader> reader;
    int page = 0;
    ImageShape shape;
    std::unique_ptr<PageRows> rows;
    std::unique_ptr<FiniteRows> finite;  ///< of floating point
    std::vector<std::string> repairs;    ///< on pages before
    std::unique_ptr<TurnedRows> turned;
    std::shared_ptr<const FileMetadata> metadata;
    int next_row = 0;
};

FileSource::FileSource(const fs::path& file) : impl_(std::make_unique<Impl>(file)) {}
FileSource::~FileSource() = default;

ImageShape FileSource::shape() const { return impl_->shape; }
Depth FileSource::depth() const { return impl_->metadata->depth; }
const std::string& FileSource::format() const { return impl_->reader->format(); }
std::shared_ptr<const FileMetadata> FileSource::metadata() const { return impl_->metadata; }
int FileSource::pages() const { return impl_->reader->pages(); }
int FileSource::orientation() const { return impl_->metadata->orientation; }

bool FileSource::can_turn_pages() const { return impl_->reader->can_turn_pages(); }
std::vector<std::string> FileSource::notes() const {
    std::vector<std::string> notes = impl_->reader->notes();
    for (const std::string& left_out : impl_->parts.left_out) {
        notes.push_back("holds " + left_out + " too, which is left out");
    }
    notes.insert(notes.end(), impl_->repairs.begin(), impl_->repairs.end());
    const std::string now = impl_->finite ? impl_->finite->note() : "";
    if (!now.empty()) notes.push_back(now);
    return notes;
}

bool FileSource::has_windows() const { return impl_->metadata->windows.has_value(); }

bool FileSource::next_page() {
    if (!impl_->reader->next_page()) return false;
    ++impl_->page;
    impl_->start_page();
    return true;
}

std::shared_ptr<const FileMetadata> stripped(const FileMetadata& metadata) {
    auto kept = std::make_shared<FileMetadata>();
    kept->format = metadata.format;
    kept->depth = metadata.depth;
    kept->windows = metadata.windows;
    kept->animation = metadata.animation;
    kept->parts.jpeg_quality = metadata.parts.jpeg_quality;
    kept->parts.is_lossless = metadata.parts.is_lossless;
    return kept;
}

void FileSource::make_upright() {
    Impl& impl = *impl_;
    const int orientation = impl.metadata->orientation;
    if (orientation == 1) return;
    if (impl.next_row != 0) {
        throw Error(ErrorKind::usage, impl.path, "cannot be turned once it is being read");
    }
    auto turned = std::make_unique<TurnedRows>(*this, depth(), orientation);
    auto kept = std::make_shared<FileMetadata>(*impl.metadata);
    kept->orientation = 1;
    kept->is_turned = true;
    impl.metadata = std::move(kept);
    impl.shape = turned->shape();
    impl.turned = std::move(turned);
    impl.next_row = 0;
}

void FileSource::read_rows(int y_begin, int y_end, float* out) {
    if (y_begin != impl_->next_row || y_end < y_begin || y_end > impl_->shape.height) {
        throw Error(ErrorKind::usage, impl_->path, "rows must be read in order, each once");
    }
    if (impl_->turned) {
        impl_->turned->read_rows(y_begin, y_end, out);
    } else if (impl_->finite) {
        impl_->finite->read_rows(y_begin, y_end, out);
    } else {
        impl_->reader->read_rows(y_begin, y_end, out);
    }
    impl_->next_row = y_end;
}

Image read_image(const fs::path& file) {
    FileSource source(file);
    Image image(source.shape());
    source.read_rows(0, image.height(), image.row(0));
    image.metadata = source.metadata();
    return image;
}

FileState look_at_file(const fs::path& file) {
    std::error_code status;
    if (fs::file_size(file, status) == 0 && !status) return FileState::cut_off;
    try {
        const FileSource source(file);
        return FileState::whole;
    } catch (const Error&) {
        return begins_as_picture(file) ? FileState::cut_off : FileState::foreign;
    }
}

bool has_image_extension(const fs::path& file) {
    static const std::set<std::string> kExtensions = [] {
        // "tiff:tif,tiff,tx;jpeg:jpg,...", with formats that hold no still image among them.
        std::set<std::string> extensions;
        for (const auto& [format, listed] : OIIO::get_extension_map()) {
            if (is_picture_format(format)) extensions.insert(listed.begin(), listed.end());
        }
        return extensions;
    }();
    const std::string extension = lower_extension(file);
    if (extension.size() < 2) return false;
    return kExtensions.count(extension.substr(1)) != 0;
}

}  // namespace sisr
