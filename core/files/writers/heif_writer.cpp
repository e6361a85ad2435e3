#include "files/heif.h"
#include "files/writers/writer.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

namespace sisr {
namespace {

constexpr int kUsualBits = 10;  // for pictures of more than 8
constexpr int kFastEnough = 6;  // of AV1's speeds from 0 to 9

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

void check(const heif_error& error) {
    if (error.code != heif_error_Ok) throw WriteFailure(error.message);
}

/// The matrix that goes with these primaries, for one that tells of RGB.
int matrix_for(const ColourSignal& signal) {
    constexpr int kIdentity = 0;
    constexpr int kUnspecified = 2;
    if (signal.matrix != kIdentity && signal.matrix != kUnspecified) return signal.matrix;
    if (signal.primaries == 1 || signal.primaries == 9) return signal.primaries;
    return 6;
}

/// HEIC by x265, AVIF by libaom, through libheif, which holds the whole picture.
class HeifWriter final : public Writer {
public:
    HeifWriter(heif_compression_format compression, std::string name)
        : compression_(compression), name_(std::move(name)) {}

    OIIO::TypeDesc begin(PageHead head) override {
        parts_ = head.parts ? std::move(*head.parts) : MetadataParts();
        quality_ = head.quality;
        has_alpha_ = head.spec.alpha_channel >= 0;
        is_deep_ = head.spec.format != OIIO::TypeDesc::UINT8;
        bits_ = !is_deep_ ? 8 : parts_.bits == 12 ? 12 : kUsualBits;
        heif_image* made = nullptr;
        const heif_chroma deep =
            has_alpha_ ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
        const heif_chroma plain =
            has_alpha_ ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
        check(heif_image_create(head.spec.width, head.spec.height, heif_colorspace_RGB,
                                is_deep_ ? deep : plain, &made));
        image_.reset(made);
        check(heif_image_add_plane(made, heif_channel_interleaved, head.spec.width,
                                   head.spec.height, bits_));
        row_samples_ = static_cast<std::size_t>(head.spec.width) * (has_alpha_ ? 4 : 3);
        return is_deep_ ? OIIO::TypeDesc::UINT16 : OIIO::TypeDesc::UINT8;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        int stride = 0;
        std::uint8_t* plane = heif_image_get_plane(image_.get(), heif_channel_interleaved, &stride);
        const auto* rows = static_cast<const std::uint8_t*>(samples);
        const std::size_t row_bytes = row_samples_ * (is_deep_ ? 2 : 1);
        for (int y = y_begin; y < y_end; ++y, rows += row_bytes) {
            std::uint8_t* out =
                plane + static_cast<std::size_t>(stride) * static_cast<std::size_t>(y);
            if (is_deep_) {
                put_deep(rows, out);
            } else {
                std::memcpy(out, rows, row_bytes);
            }
        }
    }

    void finish() override {
        const HeifContext context(heif_context_alloc());
        const HeifEncoder encoder = make_encoder(context.get());
        const HeifProfile profile = make_profile();
        const HeifEncodingOptions options(heif_encoding_options_alloc());
        options->output_nclx_profile = profile.get();
        // On by default for HEIC, and PQ would be shown as if it were none.
        options->macOS_compatibility_workaround_no_nclx_profile = 0;
        options->save_two_colr_boxes_when_ICC_and_nclx_available = 1;
        check(heif_image_set_nclx_color_profile(image_.get(), profile.get()));
        if (!parts_.icc.empty()) {
            check(heif_image_set_raw_color_profile(image_.get(), "prof", parts_.icc.data(),
                                                   parts_.icc.size()));
        }
        const auto lock = lock_heif_threads();
        heif_image_handle* encoded = nullptr;
        check(heif_context_encode_image(context.get(), image_.get(), encoder.get(), options.get(),
                                        &encoded));
        const HeifHandle handle(encoded);
        image_.reset();
        if (!parts_.exif.empty()) {
            check(heif_context_add_exif_metadata(context.get(), encoded, parts_.exif.data(),
                                                 static_cast<int>(parts_.exif.size())));
        }
        if (!parts_.xmp.empty()) {
            check(heif_context_add_XMP_metadata(context.get(), encoded, parts_.xmp.data(),
                                                static_cast<int>(parts_.xmp.size())));
        }
        write_file(context.get());
    }

private:
    /// By ourselves, since libheif does not look whether its bytes have arrived.
    void write_file(heif_context* context) const {
        const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(name_.c_str(), "r+b"));
        if (!file) throw WriteFailure("");
        heif_writer writer{};
        writer.writer_api_version = 1;
        writer.write = [](heif_context*, const void* data, std::size_t bytes, void* target) {
            const bool is_written =
                std::fwrite(data, 1, bytes, static_cast<std::FILE*>(target)) == bytes;
            return heif_error{is_written ? heif_error_Ok : heif_error_Encoding_error,
                              heif_suberror_Unspecified, ""};
        };
        check(heif_context_write(context, &writer, file.get()));
        if (std::fflush(file.get()) != 0) throw WriteFailure("");
    }

    /// From 16 bits to bits_, rounded; low byte first.
    void put_deep(const std::uint8_t* row, std::uint8_t* out) const {
        const std::uint32_t most = (1U << bits_) - 1;
        for (std::size_t i = 0; i < row_samples_; ++i) {
            std::uint16_t sample = 0;
            std::memcpy(&sample, row + 2 * i, 2);
            const std::uint32_t value = (sample * most + 32767U) / 65535U;
            out[2 * i] = static_cast<std::uint8_t>(value & 0xFF);
            out[2 * i + 1] = static_cast<std::uint8_t>(value >> 8);
        }
    }

    HeifEncoder make_encoder(heif_context* context) const {
        heif_encoder* made = nullptr;
        check(heif_context_get_encoder_for_format(context, compression_, &made));
        HeifEncoder encoder(made);
        check(heif_encoder_set_lossy_quality(made, quality_));
        heif_encoder_set_logging_level(made, 0);
        // Not every encoder knows all of these, and none must.
        if (compression_ == heif_compression_AV1) {
            heif_encoder_set_parameter_integer(made, "speed", kFastEnough);
        }
        heif_encoder_set_parameter_string(made, "chroma", chroma());
        return encoder;
    }

    /// libheif 1.15 tells libaom a wrong profile for 10 bits, of all chroma but this one, and
    /// libaom ends the program.
    const char* chroma() const {
        constexpr std::uint32_t kMended = 1U << 24 | 16U << 16;
        const bool is_broken = compression_ == heif_compression_AV1 && bits_ == 10 &&
                               heif_get_version_number() < kMended;
        return is_broken ? "422" : "444";
    }

    HeifProfile make_profile() const {
        HeifProfile profile(heif_nclx_color_profile_alloc());
        if (!profile) throw WriteFailure("not enough memory");
        constexpr ColourSignal kSrgb{1, 13, 6, true};
        constexpr ColourSignal kTold{2, 2, 6, true};  // by the ICC profile
        const ColourSignal signal = parts_.signal        ? *parts_.signal
                                    : parts_.icc.empty() ? kSrgb
                                                         : kTold;
        const auto number = [](int value) { return static_cast<std::uint16_t>(value); };
        heif_color_profile_nclx* made = profile.get();
        check(heif_nclx_color_profile_set_color_primaries(made, number(signal.primaries)));
        check(heif_nclx_color_profile_set_transfer_characteristics(made, number(signal.transfer)));
        check(heif_nclx_color_profile_set_matrix_coefficients(made, number(matrix_for(signal))));
        made->full_range_flag = signal.is_full_range ? 1 : 0;
        return profile;
    }

    heif_compression_format compression_;
    std::string name_;
    HeifImage image_;
    MetadataParts parts_;
    int quality_ = 0;
    bool has_alpha_ = false;
    bool is_deep_ = false;
    int bits_ = 8;
    std::size_t row_samples_ = 0;
};

}  // namespace

std::unique_ptr<Writer> make_heif_writer(const Format& format, const std::string& name) {
    const bool is_avif = format.name == std::string("avif");
    return std::make_unique<HeifWriter>(is_avif ? heif_compression_AV1 : heif_compression_HEVC,
                                        name);
}

}  // namespace sisr
