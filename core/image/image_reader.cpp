#include "image/file_metadata.h"
#include "image/truncation.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
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

Depth depth_of(const OIIO::ImageSpec& spec) {
    switch (spec.format.basetype) {
        case OIIO::TypeDesc::UINT8:
        case OIIO::TypeDesc::INT8: return Depth::u8;
        case OIIO::TypeDesc::UINT16:
        case OIIO::TypeDesc::INT16: return Depth::u16;
        case OIIO::TypeDesc::HALF: return Depth::half;
        default: return Depth::f32;
    }
}

Encoding encoding_of(const OIIO::ImageSpec& spec, const std::string& format) {
    const bool is_integer = depth_of(spec) == Depth::u8 || depth_of(spec) == Depth::u16;
    if (is_integer) return Encoding::display;
    std::string space = spec.get_string_attribute("oiio:ColorSpace");
    std::transform(space.begin(), space.end(), space.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // "Linear", "lin_rec709", "scene_linear"...
    if (!space.empty())
        return space.find("lin") == std::string::npos ? Encoding::display : Encoding::linear;
    // Nothing said: these formats hold light by convention, and so do float TIFFs, but for those
    // whose profile tells of a curve.
    const bool holds_light = is_linear_format(format) ||
                             (format == "tiff" && spec.find_attribute("ICCProfile") == nullptr);
    return holds_light ? Encoding::linear : Encoding::display;
}

/// Positions in the file's pixels of our channels: colour, then alpha.
struct ChannelMap {
    std::vector<int> colour;
    int alpha = -1;
};

ChannelMap map_channels(const OIIO::ImageSpec& spec) {
    const auto find = [&spec](const char* name) {
        const auto found = std::find(spec.channelnames.begin(), spec.channelnames.end(), name);
        return found == spec.channelnames.end()
                   ? -1
                   : static_cast<int>(found - spec.channelnames.begin());
    };
    ChannelMap map;
    map.alpha = spec.alpha_channel;
    const std::array<int, 3> rgb{find("R"), find("G"), find("B")};
    if (std::all_of(rgb.begin(), rgb.end(), [](int channel) { return channel >= 0; })) {
        map.colour.assign(rgb.begin(), rgb.end());
    } else if (find("Y") >= 0) {
        map.colour = {find("Y")};
    } else {
        const int rest = spec.nchannels - (map.alpha >= 0 ? 1 : 0);
        for (int i = 0; static_cast<int>(map.colour.size()) < (rest >= 3 ? 3 : 1); ++i) {
            if (i != map.alpha) map.colour.push_back(i);
        }
    }
    return map;
}

bool is_cmyk(const OIIO::ImageSpec& spec) {
    constexpr int kTiffSeparated = 5;
    return spec.get_int_attribute("tiff:PhotometricInterpretation", -1) == kTiffSeparated ||
           spec.get_string_attribute("tiff:ColorSpace") == "CMYK" ||
           (!spec.channelnames.empty() && spec.channelnames[0] == "C" && spec.nchannels >= 4);
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
    explicit Impl(const fs::path& file) : path(file.string()) {
        check_file(file);
        if (is_truncated(file)) fail(ErrorKind::bad_image, "is truncated");
        OIIO::ImageSpec config;
        config.attribute("oiio:UnassociatedAlpha", 1);
        input = OIIO::ImageInput::open(path, &config);
        if (!input) {
            const std::string reason = one_line(OIIO::geterror(), path);
            fail(ErrorKind::bad_image,
                 "is not an image that can be read" + (reason.empty() ? "" : " (" + reason + ")"));
        }
        format = input->format_name();
        check_spec();
        channels = map_channels(spec());
        shape.width = spec().width;
        shape.height = spec().height;
        shape.colour_channels = static_cast<int>(channels.colour.size());
        shape.has_alpha = channels.alpha >= 0;
        shape.encoding = encoding_of(spec(), format);
        is_associated = shape.has_alpha && spec().get_int_attribute("oiio:UnassociatedAlpha") == 0;
        auto kept = std::make_shared<FileMetadata>();
        kept->attributes = spec().extra_attribs;
        kept->format = format;
        kept->depth = depth_of(spec());
        metadata = std::move(kept);
    }

    const OIIO::ImageSpec& spec() const { return input->spec(); }

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
        if (is_cmyk(s)) fail(ErrorKind::unsupported, "is in CMYK, which is not supported yet");
    }

    /// Rows as the file has them, all channels.
    void read_native(int y_begin, int y_end, float* out) {
        const OIIO::ImageSpec& s = spec();
        const bool done = s.tile_width == 0
                              ? input->read_scanlines(0, 0, s.y + y_begin, s.y + y_end, s.z, 0,
                                                      s.nchannels, OIIO::TypeDesc::FLOAT, out)
                              : read_tile_rows(y_begin, y_end, out);
        if (!done) {
            const std::string reason = one_line(input->geterror(), path);
            fail(ErrorKind::bad_image,
                 "is damaged or truncated" + (reason.empty() ? "" : " (" + reason + ")"));
        }
    }

    /// Tiles come in whole rows of tiles; the one at work is kept.
    bool read_tile_rows(int y_begin, int y_end, float* out) {
        const OIIO::ImageSpec& s = spec();
        const std::size_t stride = static_cast<std::size_t>(s.width) * s.nchannels;
        for (int y = y_begin; y < y_end; ++y, out += stride) {
            const int first = y / s.tile_height * s.tile_height;
            if (first != tile_row_begin) {
                const int last = std::min(first + s.tile_height, s.height);
                tile_row.resize(stride * static_cast<std::size_t>(last - first));
                if (!input->read_tiles(0, 0, s.x, s.x + s.width, s.y + first, s.y + last, s.z,
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

    bool is_identity() const {
        for (int i = 0; i < shape.colour_channels; ++i) {
            if (channels.colour[static_cast<std::size_t>(i)] != i) return false;
        }
        return spec().nchannels == shape.channels() &&
               (!shape.has_alpha || channels.alpha == shape.colour_channels);
    }

    void pick_channels(const float* in, std::size_t pixels, float* out) const {
        const int stride = spec().nchannels;
        for (; pixels > 0; --pixels, in += stride) {
            for (const int channel : channels.colour) *out++ = in[channel];
            if (shape.has_alpha) *out++ = in[channels.alpha];
        }
    }

    std::string path;
    std::unique_ptr<OIIO::ImageInput> input;
    std::string format;
    ImageShape shape;
    ChannelMap channels;
    bool is_associated = false;
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

void FileSource::read_rows(int y_begin, int y_end, float* out) {
    if (y_begin != impl_->next_row || y_end < y_begin || y_end > impl_->shape.height) {
        throw Error(ErrorKind::usage, impl_->path, "rows must be read in order, each once");
    }
    const std::size_t pixels = static_cast<std::size_t>(y_end - y_begin) * impl_->shape.width;
    if (impl_->is_identity()) {
        impl_->read_native(y_begin, y_end, out);
    } else {
        impl_->native.resize(pixels * static_cast<std::size_t>(impl_->spec().nchannels));
        impl_->read_native(y_begin, y_end, impl_->native.data());
        impl_->pick_channels(impl_->native.data(), pixels, out);
    }
    if (impl_->is_associated) unpremultiply(out, pixels, impl_->shape.colour_channels);
    impl_->next_row = y_end;
}

Image read_image(const fs::path& file) {
    FileSource source(file);
    Image image(source.shape());
    source.read_rows(0, image.height(), image.row(0));
    image.metadata = source.metadata();
    return image;
}

bool has_image_extension(const fs::path& file) {
    static const std::set<std::string> kExtensions = [] {
        // "tiff:tif,tiff,tx;jpeg:jpg,...", with formats that hold no still image among them.
        std::set<std::string> extensions;
        for (const auto& [format, listed] : OIIO::get_extension_map()) {
            const bool is_image = format != "ffmpeg" && format != "null" && format != "term" &&
                                  format != "openvdb" && format != "field3d";
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
