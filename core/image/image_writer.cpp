#include "image/atomic_file.h"
#include "image/file_metadata.h"
#include "image/transfer.h"

#include <sisr/error.h>

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <cstdio>
#include <initializer_list>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr int kDefaultQuality = 95;

bool is_one_of(const std::string& value, std::initializer_list<const char*> list) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

bool is_float(Depth depth) { return depth == Depth::half || depth == Depth::f32; }

bool holds_float(const std::string& format) {
    return is_linear_format(format) || is_one_of(format, {"tiff", "pnm"});
}

enum class Premultiply { none, plainly, in_light };

/// OpenEXR files are premultiplied. WebP's are not, but OpenImageIO's writer takes its samples for
/// premultiplied in linear light and undoes it.
Premultiply premultiply_for(const std::string& format) {
    if (format == "openexr") return Premultiply::plainly;
    return format == "webp" ? Premultiply::in_light : Premultiply::none;
}

float premultiply(float value, float alpha, Premultiply how) {
    switch (how) {
        case Premultiply::none: return value;
        case Premultiply::plainly: return value * alpha;
        case Premultiply::in_light: return srgb_encode(srgb_decode(value) * alpha);
    }
    return value;
}

bool needs_rgb(const std::string& format) {
    return is_one_of(format, {"webp", "hdr", "heif", "gif"});
}

OIIO::TypeDesc type_of(Depth depth) {
    switch (depth) {
        case Depth::u8: return OIIO::TypeDesc::UINT8;
        case Depth::u16: return OIIO::TypeDesc::UINT16;
        case Depth::half: return OIIO::TypeDesc::HALF;
        case Depth::f32: return OIIO::TypeDesc::FLOAT;
    }
    return OIIO::TypeDesc::UINT8;
}

/// True for what describes the source's encoding or size rather than the picture.
bool is_stale(const std::string& name, bool same_format) {
    // OpenImageIO derives "ICCProfile:..." from the profile; only the profile itself is written.
    if (is_one_of(name, {"oiio:BitsPerSample", "oiio:UnassociatedAlpha", "oiio:ColorSpace",
                         "oiio:subimages", "oiio:subimagename", "oiio:Movie", "Compression",
                         "compression", "planarconfig", "fileFormat"}) ||
        starts_with(name, "ICCProfile:") || starts_with(name, "thumbnail_") ||
        starts_with(name, "tiff:") || starts_with(name, "png:") || starts_with(name, "gif:")) {
        return true;
    }
    return !same_format && (starts_with(name, "jpeg:") || starts_with(name, "openexr:") ||
                            starts_with(name, "webp:") || starts_with(name, "heif:"));
}

void copy_attributes(const FileMetadata& metadata, const std::string& format,
                     OIIO::ImageSpec& spec) {
    for (const OIIO::ParamValue& attribute : metadata.attributes) {
        if (!is_stale(attribute.name().string(), metadata.format == format)) {
            spec.extra_attribs.add_or_replace(attribute);
        }
    }
    const auto update = [&spec](const char* name, int value) {
        if (spec.find_attribute(name) != nullptr) spec.attribute(name, value);
    };
    update("Exif:PixelXDimension", spec.width);
    update("Exif:PixelYDimension", spec.height);
}

void set_compression(const std::string& format, int quality, const FileMetadata* metadata,
                     OIIO::ImageSpec& spec) {
    const std::string used = std::to_string(quality > 0 ? quality : kDefaultQuality);
    if (is_one_of(format, {"jpeg", "webp"})) spec.attribute("Compression", format + ":" + used);
    if (format == "heif") spec.attribute("Compression", "heic:" + used);
    if (!is_one_of(format, {"tiff", "openexr"})) return;

    std::string kept;
    if (metadata != nullptr && metadata->format == format) {
        kept = metadata->attributes.get_string("compression");
    }
    const bool is_lossless =
        is_one_of(kept, {"none", "lzw", "zip", "zips", "packbits", "rle", "piz"});
    spec.attribute("Compression", is_lossless ? kept : "zip");
}

/// A file that remembers its first failed write and reports success all the same: some codecs do
/// not look at what writing returns, and libjpeg ends the process. Whoever owns it must ask.
class RememberingFile final : public OIIO::Filesystem::IOProxy {
public:
    /// Opens an existing file.
    explicit RememberingFile(const std::string& path)
        : IOProxy(path, Write), file_(std::fopen(path.c_str(), "r+b")), has_failed_(!file_) {}

    // Not "file": OpenImageIO would hand the codec the stream itself.
    const char* proxytype() const override { return "remembering file"; }
    bool opened() const override { return file_ != nullptr; }
    void close() override {}  // the owner's, who must ask first
    int64_t tell() override { return position_; }
    bool seek(int64_t offset) override {
        position_ = offset;
        return true;
    }
    size_t write(const void* data, size_t bytes) override {
        if (!has_failed_) {
            has_failed_ = !move_to(position_) || std::fwrite(data, 1, bytes, file_.get()) != bytes;
        }
        position_ += static_cast<int64_t>(bytes);
        size_ = std::max(size_, position_);
        return bytes;
    }
    size_t size() const override { return static_cast<size_t>(size_); }

    /// Whether everything has arrived so far.
    bool has_failed() {
        if (!has_failed_ && std::fflush(file_.get()) != 0) has_failed_ = true;
        return has_failed_;
    }

private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    bool move_to(int64_t position) {
        return std::ftell(file_.get()) == position ||
               std::fseek(file_.get(), position, SEEK_SET) == 0;
    }

    std::unique_ptr<std::FILE, Closer> file_;
    int64_t position_ = 0;
    int64_t size_ = 0;
    bool has_failed_;
};

}  // namespace

struct FileSink::Impl {
    Impl(const fs::path& file, WriteOptions write_options)
        : path(file),
          options(std::move(write_options)),
          output(OIIO::ImageOutput::create(file.string())) {
        if (!output) {
            OIIO::geterror();
            throw Error(ErrorKind::unsupported, path.string(),
                        "files of this extension cannot be written");
        }
        format = output->format_name();
    }

    [[noreturn]] void fail(const std::string& what) const {
        std::string reason = one_line(output->geterror(), temporary->temporary_path().string());
        throw Error(ErrorKind::io, path.string(),
                    what + (reason.empty() ? "" : " (" + reason + ")"));
    }

    Depth wanted_depth() const {
        const Depth depth = options.depth      ? *options.depth
                            : options.metadata ? options.metadata->depth
                                               : Depth::u8;
        return is_float(depth) && !holds_float(format) ? Depth::u16 : depth;
    }

    OIIO::ImageSpec make_spec() const {
        const bool keeps_grey = input.colour_channels == 1 && !needs_rgb(format);
        const int channels = (keeps_grey ? 1 : 3) + (keeps_alpha ? 1 : 0);
        OIIO::ImageSpec spec(input.width, input.height, channels, type_of(wanted_depth()));
        spec.channelnames =
            keeps_grey ? std::vector<std::string>{"Y"} : std::vector<std::string>{"R", "G", "B"};
        if (keeps_alpha) {
            spec.channelnames.emplace_back("A");
            spec.alpha_channel = channels - 1;
        }
        if (options.metadata) copy_attributes(*options.metadata, format, spec);
        set_compression(format, options.quality, options.metadata.get(), spec);
        // The samples that we hand over are not premultiplied, and shall stay so.
        if (keeps_alpha && premultiplied == Premultiply::none) {
            spec.attribute("oiio:UnassociatedAlpha", 1);
        }
        if (is_float(wanted_depth())) {
            spec.attribute("oiio:ColorSpace",
                           output_encoding == Encoding::linear ? "Linear" : "sRGB");
        }
        return spec;
    }

    Encoding choose_encoding() const {
        if (is_linear_format(format)) return Encoding::linear;
        return is_float(wanted_depth()) ? input.encoding : Encoding::display;
    }

    /// One pixel of ours as the file wants it. Returns behind the last value written.
    float* convert(const float* pixel, float* out) const {
        float colour[3];
        const int channels = input.colour_channels;
        const float alpha = input.has_alpha ? pixel[channels] : 1;
        for (int c = 0; c < channels; ++c) {
            float value = pixel[c];
            // Paper is white: what a viewer shows under transparency in the same encoding.
            if (input.has_alpha && !keeps_alpha) value = value * alpha + (1 - alpha);
            if (input.encoding != output_encoding) {
                value =
                    output_encoding == Encoding::linear ? srgb_decode(value) : srgb_encode(value);
            }
            colour[c] = premultiply(value, alpha, premultiplied);
        }
        const int written = output->spec().nchannels - (keeps_alpha ? 1 : 0);
        for (int c = 0; c < written; ++c) *out++ = colour[c < channels ? c : 0];
        if (keeps_alpha) *out++ = alpha;
        return out;
    }

    fs::path path;
    WriteOptions options;
    bool has_write_error() const { return proxy && proxy->has_failed(); }

    // Destroyed from the last to the first: the codec, what it writes to, the file's name.
    std::unique_ptr<AtomicFile> temporary;
    std::unique_ptr<RememberingFile> proxy;
    std::unique_ptr<OIIO::ImageOutput> output;
    std::string format;
    ImageShape input;
    bool keeps_alpha = false;
    Premultiply premultiplied = Premultiply::none;
    Encoding output_encoding = Encoding::display;
    std::vector<float> converted;
};

FileSink::FileSink(const fs::path& file, const WriteOptions& options)
    : impl_(std::make_unique<Impl>(file, options)) {}

FileSink::~FileSink() = default;

void FileSink::begin(const ImageShape& shape) {
    Impl& impl = *impl_;
    impl.input = shape;
    impl.keeps_alpha = shape.has_alpha && impl.output->supports("alpha");
    impl.premultiplied = impl.keeps_alpha ? premultiply_for(impl.format) : Premultiply::none;
    impl.output_encoding = impl.choose_encoding();
    impl.temporary = std::make_unique<AtomicFile>(impl.path);
    const std::string name = impl.temporary->temporary_path().string();
    // libtiff tells of failures itself, and wants to read what it has written.
    if (impl.output->supports("ioproxy") && impl.format != "tiff") {
        impl.proxy = std::make_unique<RememberingFile>(name);
        impl.output->set_ioproxy(impl.proxy.get());
    }
    if (!impl.output->open(name, impl.make_spec())) {
        impl.fail("cannot be written");
    }
}

void FileSink::write_rows(int y_begin, int y_end, const float* rows) {
    Impl& impl = *impl_;
    const std::size_t pixels = static_cast<std::size_t>(y_end - y_begin) * impl.input.width;
    impl.converted.resize(pixels * static_cast<std::size_t>(impl.output->spec().nchannels));
    float* out = impl.converted.data();
    for (std::size_t i = 0; i < pixels; ++i) {
        out = impl.convert(rows + i * static_cast<std::size_t>(impl.input.channels()), out);
    }
    if (!impl.output->write_scanlines(y_begin, y_end, 0, OIIO::TypeDesc::FLOAT,
                                      impl.converted.data()) ||
        impl.has_write_error()) {
        impl.fail("cannot be written (is the disk full?)");
    }
}

void FileSink::finish() {
    const bool closed = impl_->output->close();
    if (!closed || impl_->has_write_error()) impl_->fail("cannot be written (is the disk full?)");
    impl_->temporary->commit();
}

void write_image(const fs::path& file, const Image& image, const WriteOptions& options) {
    WriteOptions used = options;
    if (!used.metadata) used.metadata = image.metadata;
    FileSink sink(file, used);
    sink.begin(image.shape());
    sink.write_rows(0, image.height(), image.row(0));
    sink.finish();
}

bool can_write_extension(const std::string& extension) {
    const bool can = OIIO::ImageOutput::create("x." + extension) != nullptr;
    if (!can) OIIO::geterror();
    return can;
}

}  // namespace sisr
