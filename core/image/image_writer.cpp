#include "base/numbers.h"
#include "image/atomic_file.h"
#include "image/file_attributes.h"
#include "image/file_layout.h"
#include "image/file_metadata.h"
#include "image/metadata/containers.h"
#include "image/metadata/exif.h"
#include "image/openimageio_files.h"
#include "image/png_data.h"
#include "image/quantise.h"
#include "image/remembering_file.h"
#include "image/transfer.h"

#include <sisr/error.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <utility>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSamplesAtOnce = 1 << 20;
constexpr std::uintmax_t kLeastFreeBytes = 1 << 16;  // a disk with less is called full
constexpr OIIO::imagesize_t kLargestTiffBytes = 4'000'000'000;

bool is_one_of(const std::string& value, std::initializer_list<const char*> list) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_float(Depth depth) { return depth == Depth::half || depth == Depth::f32; }

bool holds_float(const std::string& format) { return is_linear_format(format) || format == "tiff"; }

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

std::string megabytes(double bytes) { return format_number(bytes / 1e6, 1) + " MB"; }

}  // namespace

struct FileSink::Impl {
    Impl(const fs::path& file, WriteOptions write_options)
        : path(file), options(std::move(write_options)), output(create_output(file)) {
        if (!output) {
            throw Error(ErrorKind::unsupported, path.string(),
                        "files of this extension cannot be written");
        }
        format = output->format_name();
    }

    [[noreturn]] void fail(const std::string& what) const {
        std::string reason = one_line(output->geterror(), temporary->temporary_path().string(),
                                      path.filename().string());
        throw Error(ErrorKind::io, path.string(),
                    what + (reason.empty() ? "" : " (" + reason + ")"));
    }

    /// After a write that did not succeed.
    [[noreturn]] void fail_to_write() const {
        std::error_code status;
        const fs::path& file = temporary->temporary_path();
        const auto written = static_cast<double>(fs::file_size(file, status));
        const fs::space_info space =
            fs::space(file.parent_path().empty() ? "." : file.parent_path(), status);
        const bool is_full = !status && space.available < kLeastFreeBytes;
        if (!is_full) fail("cannot be written");
        output->geterror();
        // As many bytes per row as so far; what is written goes away again.
        const double needed = written * input.height / std::max(1, rows_written);
        throw Error(ErrorKind::no_space, path.string(),
                    "cannot be written: the disk is full (about " + megabytes(needed) +
                        " are needed, " +
                        megabytes(written + static_cast<double>(space.available)) + " are free)");
    }

    Depth wanted_depth() const {
        const Depth depth = options.depth      ? *options.depth
                            : options.metadata ? options.metadata->depth
                                               : Depth::u8;
        // OpenImageIO 2.4 writes 16-bit portable anymaps that nobody can read.
        if (format == "pnm") return Depth::u8;
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
        if (options.metadata) {
            copy_attributes(*options.metadata, format, options.resolution_scale, spec);
            if (!suits(profile_of(spec), keeps_grey ? 1 : 3)) {
                spec.extra_attribs.remove("ICCProfile");
            }
        }
        // Beyond 4 GB a TIFF needs the larger kind; what packing will save is not known yet.
        if (format == "tiff" && spec.image_bytes() > kLargestTiffBytes) {
            spec.attribute("tiff:bigtiff", 1);
        }
        set_compression(format, options.quality, options.metadata.get(), spec);
        if (format == "openexr" && options.metadata) place_windows(*options.metadata, spec);
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

    /// JPEG files get their parts while their head is written.
    void open_proxy(const std::string& name) {
        // libtiff tells of failures itself, and wants to read what it has written.
        if (!output->supports("ioproxy") || format == "tiff") return;
        if (parts && format == "jpeg") {
            proxy = std::make_unique<RememberingFile>(
                name, jpeg_head_bytes,
                [parts = *parts](const std::string& head) { return jpeg_head_with(head, parts); });
        } else {
            proxy = std::make_unique<RememberingFile>(name);
        }
    }

    void open_first_page() {
        temporary = std::make_unique<AtomicFile>(path);
        const std::string name = temporary->temporary_path().string();
        const OIIO::ImageSpec spec = make_spec();
        has_date = spec.find_attribute("DateTime") != nullptr;
        parts.reset();
        if (options.metadata && carries_parts(*options.metadata, format)) {
            parts = parts_for(*options.metadata, format, input.size(), options.resolution_scale);
            if (!suits(parts->icc, spec.nchannels - (keeps_alpha ? 1 : 0))) parts->icc.clear();
        }
        open_proxy(name);
        if (format == "png") {
            open_png(name, spec);
        } else {
            if (proxy) output->set_ioproxy(proxy.get());
            if (!output->open(name, spec)) fail("cannot be written");
        }
    }

    /// OpenImageIO makes the head, for a picture of one row; the rest is ours.
    void open_png(const std::string& name, OIIO::ImageSpec spec) {
        std::vector<unsigned char> bytes;
        OIIO::Filesystem::IOVecOutput memory(bytes);
        spec.height = spec.full_height = 1;
        const std::vector<unsigned char> row(spec.scanline_bytes());
        output->set_ioproxy(&memory);
        const bool is_made = output->open(name, spec) &&
                             output->write_scanline(0, 0, spec.format, row.data()) &&
                             output->close();
        if (!is_made) fail("cannot be written");
        const std::string file(bytes.begin(), bytes.end());
        std::string head = png_head_of_height(file.substr(0, png_head_bytes(file)),
                                              static_cast<std::size_t>(input.height));
        if (parts) head = png_head_with(head, *parts);
        const auto write = [this](const void* data, std::size_t count) {
            proxy->write(data, count);
        };
        write(head.data(), head.size());
        png_data = std::make_unique<PngData>(spec.scanline_bytes(), spec.pixel_bytes(), write);
    }

    /// Whether the file holds our samples as they are, but for their depth.
    bool is_as_given() const {
        return output->spec().nchannels == input.channels() && keeps_alpha == input.has_alpha &&
               output_encoding == input.encoding && premultiplied == Premultiply::none;
    }

    /// `rows` as the file wants them, still float.
    const float* convert_rows(std::size_t pixels, const float* rows) {
        if (is_as_given()) return rows;
        converted.resize(pixels * static_cast<std::size_t>(output->spec().nchannels));
        float* out = converted.data();
        for (std::size_t i = 0; i < pixels; ++i) {
            out = convert(rows + i * static_cast<std::size_t>(input.channels()), out);
        }
        return converted.data();
    }

    void write_few(int y_begin, int y_end, const float* rows) {
        const std::size_t pixels = static_cast<std::size_t>(y_end - y_begin) * input.width;
        const float* samples = convert_rows(pixels, rows);
        const auto count = pixels * static_cast<std::size_t>(output->spec().nchannels);
        const OIIO::TypeDesc format_type = output->spec().format;
        if (format_type == OIIO::TypeDesc::UINT8) {
            quantise_8(samples, count, quantised);
            put_rows(y_begin, y_end, format_type, quantised.data());
        } else if (format_type == OIIO::TypeDesc::UINT16) {
            const auto order = png_data ? ByteOrder::big : ByteOrder::native;
            quantise_16(samples, count, order, quantised);
            put_rows(y_begin, y_end, format_type, quantised.data());
        } else {
            put_rows(y_begin, y_end, OIIO::TypeDesc::FLOAT, samples);
        }
        rows_written = y_end;
    }

    void put_rows(int y_begin, int y_end, const OIIO::TypeDesc& type, const void* samples) {
        bool is_written = true;
        if (png_data) {
            png_data->write_rows(static_cast<const std::uint8_t*>(samples),
                                 static_cast<std::size_t>(y_end - y_begin));
        } else {
            is_written = output->write_scanlines(output->spec().y + y_begin,
                                                 output->spec().y + y_end, 0, type, samples);
        }
        if (!is_written || has_write_error()) fail_to_write();
    }

    /// Whether all has arrived.
    bool close() {
        if (!png_data) return output->close() && !has_write_error();
        png_data->finish();
        return !has_write_error();
    }

    /// WebP and TIFF files get their parts when they are whole.
    void add_parts_behind() {
        const fs::path& file = temporary->temporary_path();
        if (format == "tiff" && !has_date) drop_dates_of_tiff(file);
        if (!parts) return;
        if (format == "webp") add_to_webp(file, first_size, first_has_alpha, *parts);
        if (format == "tiff") add_to_tiff(file, *parts);
    }

    /// OpenImageIO 2.4 does not ask these encoders whether they have made anything: JPEG 2000
    /// pictures of less than 32 pixels come out empty.
    void check_written() const {
        const bool is_sloppy = is_one_of(format, {"jpeg2000", "heif"});
        if (is_sloppy && look_at_file(temporary->temporary_path()) != FileState::whole) {
            throw Error(ErrorKind::io, path.string(),
                        "cannot be written: the encoder of this format made no picture of " +
                            std::to_string(input.width) + "x" + std::to_string(input.height));
        }
    }

    bool has_write_error() const { return proxy && proxy->has_failed(); }

    fs::path path;
    WriteOptions options;
    std::optional<MetadataParts> parts;  ///< what is written beside the codec's own
    int pages_done = 0;
    int rows_written = 0;  ///< of the page at work
    Size first_size;
    bool first_has_alpha = false;
    bool has_date = false;  ///< from the source
    // Destroyed from the last to the first: the codec, what it writes to, the file's name.
    std::unique_ptr<AtomicFile> temporary;
    std::unique_ptr<RememberingFile> proxy;
    std::unique_ptr<PngData> png_data;
    std::unique_ptr<OIIO::ImageOutput> output;
    std::string format;
    ImageShape input;
    bool keeps_alpha = false;
    Premultiply premultiplied = Premultiply::none;
    Encoding output_encoding = Encoding::display;
    std::vector<float> converted;
    std::vector<std::uint8_t> quantised;
};

FileSink::FileSink(const fs::path& file, const WriteOptions& options)
    : impl_(std::make_unique<Impl>(file, options)) {}

FileSink::~FileSink() = default;

void FileSink::set_page(const WriteOptions& options) {
    impl_->options.depth = options.depth;
    impl_->options.metadata = options.metadata;
    impl_->options.resolution_scale = options.resolution_scale;
}

void FileSink::begin(const ImageShape& shape) {
    Impl& impl = *impl_;
    impl.input = shape;
    impl.rows_written = 0;
    impl.keeps_alpha = shape.has_alpha && impl.output->supports("alpha");
    impl.premultiplied = impl.keeps_alpha ? premultiply_for(impl.format) : Premultiply::none;
    impl.output_encoding = impl.choose_encoding();
    if (impl.pages_done == 0) {
        impl.first_size = shape.size();
        impl.first_has_alpha = impl.keeps_alpha;
        impl.open_first_page();
    } else if (!impl.output->open(impl.temporary->temporary_path().string(), impl.make_spec(),
                                  OIIO::ImageOutput::AppendSubimage)) {
        impl.fail("cannot take another page");
    }
}

void FileSink::write_rows(int y_begin, int y_end, const float* rows) {
    Impl& impl = *impl_;
    const std::size_t stride = impl.input.row_samples();
    // A few at a time: a band of rows may be as large as all else that is in memory.
    const int step = std::max(1, static_cast<int>(kSamplesAtOnce / stride));
    for (int y = y_begin; y < y_end; y += step) {
        const int end = std::min(y + step, y_end);
        impl.write_few(y, end, rows + static_cast<std::size_t>(y - y_begin) * stride);
    }
}

void FileSink::finish() {
    if (++impl_->pages_done < impl_->options.pages) return;
    if (!impl_->close()) impl_->fail_to_write();
    impl_->proxy.reset();
    impl_->add_parts_behind();
    impl_->check_written();
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
    const auto output = create_output("x." + extension);
    // These are no pictures for people, or are written by tiles only.
    return output && !is_one_of(output->format_name(), {"iff", "null", "term", "zfile"});
}

bool can_write_pages(const fs::path& file) {
    const auto output = create_output(file);
    return output && output->supports("appendsubimage");
}

bool keeps_windows(const fs::path& file) {
    const auto output = create_output(file);
    return output && std::string(output->format_name()) == "openexr";
}

bool keeps_orientation(const std::string& format, const fs::path& file) {
    const auto output = create_output(file);
    const std::string target = output ? output->format_name() : "";
    // What others say of it no viewer looks at, or their writers do not keep it.
    return target == "jpeg" || target == "tiff" || (target == format && keeps_parts(format));
}

}  // namespace sisr
