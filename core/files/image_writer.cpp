#include "base/atomic_file.h"
#include "base/numbers.h"
#include "files/file_attributes.h"
#include "files/file_layout.h"
#include "files/file_metadata.h"
#include "files/format_table.h"
#include "files/heif.h"
#include "files/sample_conversion.h"
#include "files/writers/writer.h"
#include "image/quantise.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSamplesAtOnce = 1 << 20;
constexpr std::uintmax_t kLeastFreeBytes = 1 << 16;  // a disk with less is called full
constexpr std::uint64_t kLargestTiffBytes = 4'000'000'000;

bool is_float(Depth depth) { return depth == Depth::half || depth == Depth::f32; }

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

const Format& writable_format_of(const fs::path& file) {
    const Format& format = format_of(file);
    if (format.writer == Codec::heif && !can_encode_heif(format.name == std::string_view("avif"))) {
        throw Error(ErrorKind::unsupported, file.string(),
                    std::string("cannot be written: this system's libheif has no encoder for ") +
                        format.label);
    }
    if (format.writer != Codec::none) return format;
    throw Error(ErrorKind::unsupported, file.string(), "files of this extension cannot be written");
}

Depth depth_for(const Format& format, const WriteOptions& options) {
    const Depth depth = options.depth      ? *options.depth
                        : options.metadata ? options.metadata->depth
                                           : Depth::u8;
    if (has(format, kOnly8)) return Depth::u8;
    return is_float(depth) && !has(format, kFloat) ? Depth::u16 : depth;
}

/// Whose writer takes parts and no attributes.
bool has_own_writer(const Format& format) {
    return format.writer == Codec::jpeg || format.writer == Codec::heif ||
           format.writer == Codec::webp;
}

/// HDR that a format cannot tell would be shown as something else.
void check_signal(const Format& format, const fs::path& file, const WriteOptions& options) {
    const bool is_hdr = options.metadata && options.metadata->parts.signal &&
                        options.metadata->parts.signal->is_hdr();
    if (!is_hdr || has(format, kSignal)) return;
    throw Error(ErrorKind::unsupported, file.string(),
                std::string("cannot be written: the picture is HDR (PQ or HLG), which ") +
                    format.label + " files cannot tell; PNG, AVIF and HEIC files can");
}

/// Of all pages, were they as the first.
std::uint64_t sample_bytes(const Format& format, const ImageShape& shape,
                           const WriteOptions& options) {
    return std::uint64_t{type_of(depth_for(format, options)).size()} * shape.row_samples() *
           static_cast<std::uint64_t>(shape.height) *
           static_cast<std::uint64_t>(std::max(1, options.pages));
}

}  // namespace

struct FileSink::Impl {
    Impl(const fs::path& file, WriteOptions write_options)
        : path(file), options(std::move(write_options)), format(writable_format_of(file)) {}

    /// Runs what a codec may refuse, and says what it was in one line.
    template <class Work>
    void attempt(const std::string& what, Work work) const {
        try {
            work();
        } catch (const WriteFailure& failure) {
            fail(what, failure.what());
        }
    }

    [[noreturn]] void fail(const std::string& what, const std::string& codec_reason) const {
        std::error_code status;
        const fs::path& file = temporary->temporary_path();
        const auto written = static_cast<double>(fs::file_size(file, status));
        const fs::space_info space =
            fs::space(file.parent_path().empty() ? "." : file.parent_path(), status);
        if (!status && space.available < kLeastFreeBytes) fail_on_full_disk(written, space);
        const std::string reason = one_line(codec_reason, file.string(), path.filename().string());
        throw Error(ErrorKind::io, path.string(),
                    what + (reason.empty() ? "" : " (" + reason + ")"));
    }

    [[noreturn]] void fail_on_full_disk(double written, const fs::space_info& space) const {
        // As many bytes per row as so far; what is written goes away again.
        const double needed = written * input.height / std::max(1, rows_written);
        throw Error(ErrorKind::no_space, path.string(),
                    "cannot be written: the disk is full (about " + megabytes(needed) +
                        " are needed, " +
                        megabytes(written + static_cast<double>(space.available)) + " are free)");
    }

    Encoding output_encoding() const {
        if (has(format, kLight)) return Encoding::linear;
        return is_float(depth_for(format, options)) ? input.encoding : Encoding::display;
    }

    OIIO::ImageSpec make_spec(int colour_channels, bool keeps_alpha) const {
        const int channels = colour_channels + (keeps_alpha ? 1 : 0);
        const Depth depth = depth_for(format, options);
        OIIO::ImageSpec spec(input.width, input.height, channels, type_of(depth));
        spec.channelnames = colour_channels == 1 ? std::vector<std::string>{"Y"}
                                                 : std::vector<std::string>{"R", "G", "B"};
        if (keeps_alpha) {
            spec.channelnames.emplace_back("A");
            spec.alpha_channel = channels - 1;
        }
        if (options.metadata) {
            copy_attributes(*options.metadata, format, options.resolution_scale, spec);
            if (!suits(profile_of(spec), colour_channels)) spec.extra_attribs.remove("ICCProfile");
        }
        // Beyond 4 GB a TIFF needs the larger kind; what packing will save is not known yet.
        const bool is_large = sample_bytes(format, input, options) > kLargestTiffBytes;
        if (has(format, kPages) && has(format, kFloat) && is_large) {
            spec.attribute("tiff:bigtiff", 1);
        }
        set_compression(format, options.quality, options.metadata.get(), spec);
        if (has(format, kWindows) && options.metadata) place_windows(*options.metadata, spec);
        // The samples that we hand over are not premultiplied, and shall stay so.
        if (keeps_alpha && !has(format, kAssociated)) {
            spec.attribute("oiio:UnassociatedAlpha", 1);
        }
        if (is_float(depth)) {
            spec.attribute("oiio:ColorSpace",
                           output_encoding() == Encoding::linear ? "Linear" : "sRGB");
        }
        return spec;
    }

    PageHead make_head(int colour_channels, bool keeps_alpha) const {
        PageHead head;
        head.spec = make_spec(colour_channels, keeps_alpha);
        head.page = pages_done;
        head.is_lossless =
            options.quality == 0 && options.metadata && options.metadata->parts.is_lossless;
        if (options.metadata) head.comment = options.metadata->parts.comment;
        if (options.metadata && options.metadata->animation) {
            const Animation& animation = *options.metadata->animation;
            const auto page = static_cast<std::size_t>(pages_done);
            head.delay = page < animation.delays.size() ? animation.delays[page] : 0;
            head.loops = animation.loops;
        }
        head.quality = quality_for(format, options.quality, options.metadata.get());
        if (options.metadata && carries_parts(*options.metadata, format)) {
            head.parts =
                parts_for(*options.metadata, format, input.size(), options.resolution_scale);
        } else if (options.metadata && has(format, kParts) && has_own_writer(format)) {
            head.parts = parts_of_attributes(head.spec);
        }
        if (head.parts && !suits(head.parts->icc, colour_channels)) head.parts->icc.clear();
        return head;
    }

    void begin_page(const ImageShape& shape) {
        check_size(format, path, shape.size(), sample_bytes(format, shape, options));
        check_signal(format, path, options);
        input = shape;
        rows_written = 0;
        const bool keeps_alpha = shape.has_alpha && has(format, kAlpha);
        const int colour_channels = shape.colour_channels == 1 && has(format, kGrey) ? 1 : 3;
        const bool keeps_glow =
            options.metadata && has(format_named(options.metadata->format), kAssociated);
        conversion = SampleConversion(shape, colour_channels, keeps_alpha,
                                      keeps_alpha && has(format, kAssociated), output_encoding(),
                                      keeps_glow);
        PageHead head = make_head(colour_channels, keeps_alpha);
        if (pages_done > 0) {
            attempt("cannot take another page", [&] { type = writer->begin(std::move(head)); });
            return;
        }
        temporary = std::make_unique<AtomicFile>(path);
        attempt("cannot be written", [&] {
            writer = make_writer(format, temporary->temporary_path().string());
            type = writer->begin(std::move(head));
        });
    }

    void write_few(int y_begin, int y_end, const float* rows) {
        const std::size_t pixels = static_cast<std::size_t>(y_end - y_begin) * input.width;
        const float* samples = conversion.convert(rows, pixels);
        const auto count = pixels * static_cast<std::size_t>(conversion.channels());
        const void* written = samples;
        if (type == OIIO::TypeDesc::UINT8) {
            quantise_8(samples, count, quantised);
            written = quantised.data();
        } else if (type == OIIO::TypeDesc::UINT16) {
            const auto order = writer->wants_big_endian() ? ByteOrder::big : ByteOrder::native;
            quantise_16(samples, count, order, quantised);
            written = quantised.data();
        }
        attempt("cannot be written", [&] { writer->write_rows(y_begin, y_end, written); });
        rows_written = y_end;
    }

    void finish_page() {
        attempt("cannot be written", [&] { writer->end_page(); });
        if (++pages_done < options.pages) return;
        attempt("cannot be written", [&] { writer->finish(); });
        check_written();
        temporary->commit();
    }

    /// What OpenImageIO does not look at: whether these encoders have made anything, and whether
    /// all of it went into the file.
    void check_written() const {
        if (has(format, kPlain)) {
            const std::uint64_t least = static_cast<std::uint64_t>(input.width) * input.height *
                                        conversion.channels() * type.size();
            const fs::path& written = temporary->temporary_path();
            if (fs::file_size(written) < least) {
                throw Error(ErrorKind::io, path.string(), "cannot be written");
            }
        }
        if (!has(format, kEmptyAtFailure)) return;
        if (look_at_file(temporary->temporary_path()) == FileState::whole) return;
        throw Error(ErrorKind::io, path.string(),
                    "cannot be written: the encoder of this format made no picture of " +
                        std::to_string(input.width) + "x" + std::to_string(input.height));
    }

    fs::path path;
    WriteOptions options;
    const Format& format;
    int pages_done = 0;
    int rows_written = 0;  ///< of the page at work
    ImageShape input;
    SampleConversion conversion;
    OIIO::TypeDesc type;
    std::vector<std::uint8_t> quantised;
    // Destroyed from the last to the first: the codec, then the file's name.
    std::unique_ptr<AtomicFile> temporary;
    std::unique_ptr<Writer> writer;
};

FileSink::FileSink(const fs::path& file, const WriteOptions& options)
    : impl_(std::make_unique<Impl>(file, options)) {}

FileSink::~FileSink() = default;

void FileSink::set_page(const WriteOptions& options) {
    impl_->options.depth = options.depth;
    impl_->options.metadata = options.metadata;
    impl_->options.resolution_scale = options.resolution_scale;
}

void FileSink::begin(const ImageShape& shape) { impl_->begin_page(shape); }

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

void FileSink::finish() { impl_->finish_page(); }

void write_image(const fs::path& file, const Image& image, const WriteOptions& options) {
    WriteOptions used = options;
    if (!used.metadata) used.metadata = image.metadata;
    FileSink sink(file, used);
    sink.begin(image.shape());
    sink.write_rows(0, image.height(), image.row(0));
    sink.finish();
}

void check_can_hold(const fs::path& file, const ImageShape& shape, const WriteOptions& options) {
    const Format& format = writable_format_of(file);
    check_size(format, file, shape.size(), sample_bytes(format, shape, options));
    check_signal(format, file, options);
}

bool can_write_extension(const std::string& extension) {
    return format_of("x." + extension).writer != Codec::none;
}

bool can_write_pages(const fs::path& file) { return has(format_of(file), kPages); }

bool keeps_windows(const fs::path& file) { return has(format_of(file), kWindows); }

bool keeps_orientation(const std::string& format, const fs::path& file) {
    const Format& target = format_of(file);
    // What others say of it no viewer looks at, or their writers do not keep it.
    return has(target, kTurns) || (target.name == format && has(target, kParts));
}

}  // namespace sisr
