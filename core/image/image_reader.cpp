#include "image/cmyk.h"
#include "image/file_layout.h"
#include "image/file_metadata.h"
#include "image/truncation.h"
#include "image/turn.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <unistd.h>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSide = 1 << 24;
constexpr int kMaxChannels = 64;

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

/// To be held where OpenImageIO reads a page's head. Its 2.4.7 looks up what a colour profile
/// holds in maps of the whole process, which grow by looking (its issue 3756): two threads crash
/// it.
std::unique_lock<std::mutex> lock_heads() {
    static std::mutex heads;
    return std::unique_lock(heads);
}

bool holds_readable_pages(const std::string& format) {
    return format == "tiff" || format == "gif" || format == "webp";
}

/// TIFF files may hold smaller copies of a page behind it.
bool is_reduced_page(const OIIO::ImageSpec& spec) {
    return (spec.get_int_attribute("tiff:subfiletype") & 1) != 0;
}

void unpremultiply(float* samples, std::size_t pixels, int colour_channels) {
    for (; pixels > 0; --pixels, samples += colour_channels + 1) {
        const float alpha = samples[colour_channels];
        if (alpha <= 0) continue;
        for (int c = 0; c < colour_channels; ++c) samples[c] /= alpha;
    }
}

}  // namespace

std::string one_line(std::string message, const std::string& path) {
    for (auto at = message.find(path); !path.empty() && at != std::string::npos;
         at = message.find(path)) {
        message.replace(at, path.size(), "it");
    }
    message = message.substr(0, message.find('\n'));
    while (!message.empty() && (message.back() == '.' || message.back() == ' ')) message.pop_back();
    return message;
}

struct FileSource::Impl {
    explicit Impl(const fs::path& source_file) : file(source_file), path(source_file.string()) {
        check_file(file);
        if (is_icon(file)) fail(ErrorKind::unsupported, "is an icon, not a photograph");
        if (is_truncated(file)) fail(ErrorKind::bad_image, "is truncated");
        open(false);
        format = input->format_name();
        parts = read_parts(file);
        // Containers that hold one of these as a preview are OpenImageIO's to take apart.
        parts.is_known = parts.is_known && keeps_parts(format);
        pages = std::max(1, parts.frames);
        start_page();
    }

    void open(bool raw_colour) {
        OIIO::ImageSpec config;
        config.attribute("oiio:UnassociatedAlpha", 1);
        if (raw_colour) config.attribute("oiio:RawColor", 1);
        {
            const auto lock = lock_heads();
            input = OIIO::ImageInput::open(path, &config);
        }
        if (input) return;
        const std::string reason = one_line(OIIO::geterror(), path);
        fail(ErrorKind::bad_image,
             "is not an image that can be read" + (reason.empty() ? "" : " (" + reason + ")"));
    }

    /// Reads what the codec tells of the page it stands at.
    void start_page() {
        check_spec();
        std::string profile = profile_of(spec());
        if (profile.empty()) profile = parts.icc;
        start_inks(profile);
        page_spec = spec();
        page_spec.extra_attribs.clear();
        channels = map_channels(page_spec);
        if (inks) channels = {{0, 1, 2}, -1};
        shape.width = spec().width;
        shape.height = spec().height;
        shape.colour_channels = static_cast<int>(channels.colour.size());
        shape.has_alpha = channels.alpha >= 0;
        shape.encoding = inks ? Encoding::display : encoding_of(spec(), format);
        is_associated = shape.has_alpha && spec().get_int_attribute("oiio:UnassociatedAlpha") == 0;
        tile_row_begin = -1;
        next_row = 0;
        turned.reset();
        keep_metadata(profile);
    }

    void start_inks(const std::string& profile) {
        inks.reset();
        cmyk_jpeg.reset();
        if (!is_cmyk(spec())) return;
        if (format == "jpeg") {
            cmyk_jpeg = std::make_unique<CmykJpeg>(file);
        } else if (page == 0) {
            open(true);
        }
        if (!cmyk_jpeg && spec().nchannels < 4) {
            fail(ErrorKind::unsupported, "is in CMYK, of a kind that is not supported");
        }
        inks = std::make_unique<CmykConverter>(profile);
    }

    void keep_metadata(const std::string& profile) {
        auto kept = std::make_shared<FileMetadata>();
        kept->attributes = spec().extra_attribs;
        kept->format = format;
        kept->depth = depth_of(spec());
        if (page == 0) kept->parts = parts;
        kept->parts.icc = inks ? "" : profile;
        if (inks) kept->attributes.remove("ICCProfile");
        const int told = parts.is_known ? orientation_of(kept->parts)
                                        : spec().get_int_attribute("Orientation", 1);
        kept->orientation = told >= 1 && told <= 8 ? told : 1;
        metadata = std::move(kept);
    }

    const OIIO::ImageSpec& spec() const { return input->spec(); }
    int native_channels() const { return cmyk_jpeg ? 4 : page_spec.nchannels; }

    [[noreturn]] void fail(ErrorKind kind, const std::string& reason) const {
        throw Error(kind, path, reason);
    }

    void check_spec() const {
        const OIIO::ImageSpec& s = spec();
        if (s.width < 1 || s.height < 1 || s.width > kMaxSide || s.height > kMaxSide ||
            s.nchannels < 1 || s.nchannels > kMaxChannels) {
            fail(ErrorKind::bad_image, "claims " + std::to_string(s.width) + "x" +
                                           std::to_string(s.height) + " pixels of " +
                                           std::to_string(s.nchannels) + " channels");
        }
        if (s.depth > 1 || s.deep) fail(ErrorKind::unsupported, "is a volume or deep image");
    }

    /// Rows as the file has them, all channels.
    void read_native(int y_begin, int y_end, float* out) {
        if (cmyk_jpeg) {
            cmyk_jpeg->read_rows(y_end - y_begin, out);
            return;
        }
        const OIIO::ImageSpec& s = page_spec;
        bool done = s.tile_width == 0
                        ? input->read_scanlines(page, 0, s.y + y_begin, s.y + y_end, s.z, 0,
                                                s.nchannels, OIIO::TypeDesc::FLOAT, out)
                        : read_tile_rows(y_begin, y_end, out);
        // Some readers find only then that the page is another than they have said.
        done = done && spec().nchannels == s.nchannels && spec().width == s.width;
        if (!done) {
            const std::string reason = one_line(input->geterror(), path);
            fail(ErrorKind::bad_image,
                 "is damaged or truncated" + (reason.empty() ? "" : " (" + reason + ")"));
        }
    }

    /// Tiles come in whole rows of tiles; the one at work is kept.
    bool read_tile_rows(int y_begin, int y_end, float* out) {
        const OIIO::ImageSpec& s = page_spec;
        const std::size_t stride = static_cast<std::size_t>(s.width) * s.nchannels;
        for (int y = y_begin; y < y_end; ++y, out += stride) {
            const int first = y / s.tile_height * s.tile_height;
            if (first != tile_row_begin) {
                const int last = std::min(first + s.tile_height, s.height);
                tile_row.resize(stride * static_cast<std::size_t>(last - first));
                if (!input->read_tiles(page, 0, s.x, s.x + s.width, s.y + first, s.y + last, s.z,
                                       s.z + 1, 0, s.nchannels, OIIO::TypeDesc::FLOAT,
                                       tile_row.data())) {
                    return false;
                }
                tile_row_begin = first;
            }
            std::copy_n(tile_row.data() + static_cast<std::size_t>(y - first) * stride, stride,
                        out);
        }
        return true;
    }

    /// Rows as they are stored, our channels.
    void read_stored(int y_begin, int y_end, float* out) {
        const std::size_t pixels =
            static_cast<std::size_t>(y_end - y_begin) * static_cast<std::size_t>(page_spec.width);
        if (!inks && channels.is_identity(native_channels())) {
            read_native(y_begin, y_end, out);
        } else {
            native.resize(pixels * static_cast<std::size_t>(native_channels()));
            read_native(y_begin, y_end, native.data());
            if (inks) {
                inks->convert(native.data(), native_channels(), pixels, out);
            } else {
                channels.pick(native.data(), native_channels(), pixels, out);
            }
        }
        if (is_associated) unpremultiply(out, pixels, shape.colour_channels);
    }

    fs::path file;
    std::string path;
    std::unique_ptr<OIIO::ImageInput> input;
    std::string format;
    MetadataParts parts;
    int pages = 1;
    OIIO::ImageSpec page_spec;  ///< as the page was when it was begun, without attributes
    int page = 0;               ///< OpenImageIO's number, which counts thumbnails too
    ImageShape shape;
    ChannelMap channels;
    bool is_associated = false;
    std::unique_ptr<CmykJpeg> cmyk_jpeg;
    std::unique_ptr<CmykConverter> inks;
    std::unique_ptr<TurnedRows> turned;
    std::shared_ptr<const FileMetadata> metadata;
    std::vector<float> native;
    std::vector<float> tile_row;
    int tile_row_begin = -1;
    int next_row = 0;
};

FileSource::FileSource(const fs::path& file) : impl_(std::make_unique<Impl>(file)) {}
FileSource::~FileSource() = default;

ImageShape FileSource::shape() const { return impl_->shape; }
Depth FileSource::depth() const { return impl_->metadata->depth; }
const std::string& FileSource::format() const { return impl_->format; }
std::shared_ptr<const FileMetadata> FileSource::metadata() const { return impl_->metadata; }
int FileSource::pages() const { return impl_->pages; }
int FileSource::orientation() const { return impl_->metadata->orientation; }

bool FileSource::can_turn_pages() const { return holds_readable_pages(impl_->format); }

bool FileSource::next_page() {
    Impl& impl = *impl_;
    if (!can_turn_pages()) return false;
    do {
        const auto lock = lock_heads();
        if (!impl.input->seek_subimage(impl.page + 1, 0)) {
            impl.input->geterror();
            return false;
        }
        ++impl.page;
    } while (is_reduced_page(impl.spec()));
    impl.start_page();
    return true;
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
    } else {
        impl_->read_stored(y_begin, y_end, out);
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
            const bool is_image = format != "ffmpeg" && format != "null" && format != "term" &&
                                  format != "openvdb" && format != "field3d" && format != "ico";
            if (is_image) extensions.insert(listed.begin(), listed.end());
        }
        return extensions;
    }();
    std::string extension = file.extension().string();
    if (extension.size() < 2) return false;
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return kExtensions.count(extension.substr(1)) != 0;
}

}  // namespace sisr
