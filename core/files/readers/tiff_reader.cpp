#include "files/readers/tiff_reader.h"

#include "files/file_layout.h"
#include "files/metadata/tiff_pages.h"
#include "files/readers/described.h"
#include "files/readers/rows_of_page.h"
#include "files/readers/tiff_samples.h"

#include <sisr/error.h>

#include <algorithm>
#include <fstream>

namespace sisr {
namespace {

std::vector<std::uint64_t> pages_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    TiffReader reader(stream);
    return tiff_pages(reader);
}

std::string profile_of_page(const TiffFile& file) {
    std::uint32_t bytes = 0;
    const void* profile = nullptr;
    if (TIFFGetField(file.handle(), TIFFTAG_ICCPROFILE, &bytes, &profile) != 1) return "";
    return {static_cast<const char*>(profile), bytes};
}

/// OpenImageIO's name for it; empty for those that are not kept.
const char* name_of_compression(int compression) {
    switch (compression) {
        case COMPRESSION_NONE: return "none";
        case COMPRESSION_LZW: return "lzw";
        case COMPRESSION_ADOBE_DEFLATE:
        case COMPRESSION_DEFLATE: return "zip";
        case COMPRESSION_PACKBITS: return "packbits";
        default: return "";
    }
}

class TiffFileReader final : public FileReader {
public:
    explicit TiffFileReader(std::filesystem::path file)
        : file_(std::move(file)), path_(file_.string()), pages_(pages_of(file_)) {
        if (pages_.empty()) {
            throw Error(ErrorKind::bad_image, path_, "is not an image that can be read");
        }
        start_page();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return static_cast<int>(pages_.size()); }
    bool can_turn_pages() const override { return true; }
    std::vector<std::string> notes() const override { return notes_; }

    bool next_page() override {
        if (page_ + 1 >= pages_.size()) return false;
        ++page_;
        start_page();
        return true;
    }

    void read_rows(int y_begin, int y_end, float* out) override {
        const auto channels = static_cast<std::size_t>(head_.shape.channels());
        for (int y = y_begin; y < y_end; ++y) {
            layout_.is_by_rgba ? read_rgba_row(out) : read_row(out);
            out += channels * layout_.width;
        }
    }

private:
    void start_page() {
        const std::uint64_t at = pages_[page_];
        const TiffFile tiff(file_, at);
        layout_ = tiff_layout(tiff, path_);
        const std::string profile = profile_of_page(tiff);
        colours_ = tiff_colours(tiff, layout_, profile);
        planes_.clear();
        const int used = layout_.colours + (layout_.alpha == TiffAlpha::none ? 0 : 1);
        for (int plane = 0; plane < (layout_.is_planar && !layout_.is_by_rgba ? used : 1);
             ++plane) {
            planes_.emplace_back(file_, at, layout_, plane);
        }
        if (layout_.is_by_rgba) {
            colours_.channels = 3;
            layout_.alpha = TiffAlpha::none;
        }
        start_head(tiff, profile);
        if (layout_.spare > 0 && notes_.empty()) {
            notes_.push_back("has " + std::to_string(layout_.spare) +
                             (layout_.spare == 1 ? " channel" : " channels") +
                             " beside its colours that the file does not call alpha; not done");
        }
        if (layout_.bits > 16 && layout_.sample_format == SAMPLEFORMAT_UINT && notes_.empty()) {
            notes_.push_back("has " + std::to_string(layout_.bits) +
                             " bits per sample, of which 16 are done");
        }
    }

    void start_head(const TiffFile& tiff, const std::string& profile) {
        head_ = PageInfo();
        head_.shape.width = static_cast<int>(layout_.width);
        head_.shape.height = static_cast<int>(layout_.height);
        head_.shape.colour_channels = colours_.channels;
        head_.shape.has_alpha = layout_.alpha != TiffAlpha::none;
        head_.depth = colours_.depth;
        head_.orientation = tiff.get<std::uint16_t>(TIFFTAG_ORIENTATION, 1);
        head_.icc = profile;
        head_.is_converted = colours_.is_converted;
        std::ifstream stream(file_, std::ios::binary);
        describe(tiff_page_parts(stream, pages_[page_]), head_.attributes);
        add_attributes(tiff, profile);
        OIIO::ImageSpec spec;
        spec.format = colours_.depth == Depth::half  ? OIIO::TypeDesc::HALF
                      : colours_.depth == Depth::f32 ? OIIO::TypeDesc::FLOAT
                                                     : OIIO::TypeDesc::UINT8;
        spec.extra_attribs = head_.attributes;
        head_.shape.encoding = colours_.is_light       ? Encoding::linear
                               : colours_.is_converted ? Encoding::display
                                                       : encoding_of(spec, format_);
    }

    void add_attributes(const TiffFile& tiff, const std::string& profile) {
        head_.attributes.attribute("Orientation", head_.orientation);
        float across = 0;
        float down = 0;
        if (TIFFGetField(tiff.handle(), TIFFTAG_XRESOLUTION, &across) == 1 &&
            TIFFGetField(tiff.handle(), TIFFTAG_YRESOLUTION, &down) == 1) {
            const auto unit = tiff.get<std::uint16_t>(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
            head_.attributes.attribute("XResolution", across);
            head_.attributes.attribute("YResolution", down);
            head_.attributes.attribute("ResolutionUnit", unit == RESUNIT_INCH         ? "in"
                                                         : unit == RESUNIT_CENTIMETER ? "cm"
                                                                                      : "none");
        }
        const char* compression =
            name_of_compression(tiff.get<std::uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE));
        if (*compression != '\0') head_.attributes.attribute("compression", compression);
        if (!profile.empty()) {
            head_.attributes.attribute(
                "ICCProfile",
                OIIO::TypeDesc(OIIO::TypeDesc::UINT8, static_cast<int>(profile.size())),
                profile.data());
        }
    }

    void read_rgba_row(float* out) {
        const std::uint8_t* bytes = planes_.front().next();
        for (std::size_t i = 0; i < layout_.width; ++i, bytes += 4) {
            std::uint32_t pixel = 0;
            std::copy_n(bytes, 4, reinterpret_cast<std::uint8_t*>(&pixel));
            *out++ = static_cast<float>(TIFFGetR(pixel)) / 255;
            *out++ = static_cast<float>(TIFFGetG(pixel)) / 255;
            *out++ = static_cast<float>(TIFFGetB(pixel)) / 255;
        }
    }

    void read_row(float* out) {
        const std::size_t width = layout_.width;
        const auto samples = static_cast<std::size_t>(layout_.is_planar ? 1 : layout_.samples);
        const auto colours = static_cast<std::size_t>(layout_.colours);
        const bool has_alpha = layout_.alpha != TiffAlpha::none;
        raw_.resize(width * samples);
        in_.resize(width * colours);
        alpha_.resize(has_alpha ? width : 0);
        for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
            unpack_samples(planes_[plane].next(), layout_, raw_.size(), raw_.data());
            for (std::size_t s = 0; s < samples; ++s) {
                const std::size_t sample = plane + s;
                const bool is_colour = sample < colours;
                if (!is_colour && (!has_alpha || sample > colours)) continue;
                float* to = is_colour ? in_.data() + sample : alpha_.data();
                const std::size_t step = is_colour ? colours : 1;
                for (std::size_t x = 0; x < width; ++x) to[x * step] = raw_[x * samples + s];
            }
        }
        if (!has_alpha) {
            colours_.convert(in_.data(), width, out);
            return;
        }
        put_with_alpha(out);
    }

    /// Colours are straightened before they are converted: only then they mean something.
    void put_with_alpha(float* out) {
        const std::size_t width = layout_.width;
        const auto colours = static_cast<std::size_t>(layout_.colours);
        const auto channels = static_cast<std::size_t>(colours_.channels);
        const auto largest = static_cast<float>(largest_sample(layout_));
        for (std::size_t x = 0; x < width; ++x) {
            alpha_[x] /= largest;
            if (layout_.alpha != TiffAlpha::associated || alpha_[x] <= 0) continue;
            straighten(in_.data() + x * colours, alpha_[x]);
        }
        converted_.resize(width * channels);
        colours_.convert(in_.data(), width, converted_.data());
        for (std::size_t x = 0; x < width; ++x) {
            out = std::copy_n(converted_.data() + x * channels, channels, out);
            *out++ = alpha_[x];
        }
    }

    void straighten(float* pixel, float alpha) const {
        const auto largest = static_cast<float>(largest_sample(layout_));
        const bool is_float = layout_.sample_format == SAMPLEFORMAT_IEEEFP;
        for (int c = 0; c < layout_.colours; ++c) {
            pixel[c] /= alpha;
            if (!is_float) pixel[c] = std::min(pixel[c], largest);
        }
    }

    std::filesystem::path file_;
    std::string path_;
    std::string format_ = "tiff";
    std::vector<std::uint64_t> pages_;  ///< positions of their directories
    std::size_t page_ = 0;
    TiffLayoutOfPage layout_;
    TiffColours colours_;
    std::vector<TiffRows> planes_;  ///< one for all samples, or one for each
    PageInfo head_;
    std::vector<std::string> notes_;
    std::vector<float> raw_;
    std::vector<float> in_;
    std::vector<float> alpha_;
    std::vector<float> converted_;
};

}  // namespace

std::unique_ptr<FileReader> open_tiff(const std::filesystem::path& file,
                                      const MetadataParts& /*parts*/) {
    return std::make_unique<TiffFileReader>(file);
}

}  // namespace sisr
