#include "files/metadata/containers.h"
#include "files/writers/writer.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <jpeglib.h>

namespace sisr {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// libjpeg itself, since OpenImageIO calls it with an error handler that ends the process. It
/// leaves by longjmp, so no C++ object may be born between setjmp and its calls.
class JpegWriter final : public Writer {
public:
    explicit JpegWriter(const std::string& name) : file_(std::fopen(name.c_str(), "r+b")) {
        if (!file_) throw WriteFailure("");
        encoder_.err = jpeg_std_error(&handler_.base);
        handler_.base.error_exit = [](j_common_ptr any) {
            auto& handler = *reinterpret_cast<Handler*>(any->err);
            any->err->format_message(any, handler.message);
            std::longjmp(handler.jump, 1);
        };
        handler_.base.output_message = [](j_common_ptr) {};
    }
    ~JpegWriter() override { jpeg_destroy_compress(&encoder_); }

    OIIO::TypeDesc begin(PageHead head) override {
        const MetadataParts parts = head.parts ? std::move(*head.parts) : MetadataParts();
        const std::string segments = jpeg_segments_of(parts);
        const Density density = density_of(head.spec);
        const Sampling sampling = sampling_of(head.spec);
        const bool is_progressive = head.spec.get_int_attribute("jpeg:progressive") != 0;
        if (setjmp(handler_.jump) != 0) fail();
        jpeg_create_compress(&encoder_);
        jpeg_stdio_dest(&encoder_, file_.get());
        encoder_.image_width = static_cast<JDIMENSION>(head.spec.width);
        encoder_.image_height = static_cast<JDIMENSION>(head.spec.height);
        encoder_.input_components = head.spec.nchannels;
        encoder_.in_color_space = head.spec.nchannels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&encoder_);
        jpeg_set_quality(&encoder_, head.quality, TRUE);
        if (head.spec.nchannels == 3) {
            encoder_.comp_info[0].h_samp_factor = sampling.across;
            encoder_.comp_info[0].v_samp_factor = sampling.down;
        }
        if (is_progressive) jpeg_simple_progression(&encoder_);
        encoder_.density_unit = density.unit;
        encoder_.X_density = density.x;
        encoder_.Y_density = density.y;
        jpeg_start_compress(&encoder_, TRUE);
        write_segments(segments);
        return OIIO::TypeDesc::UINT8;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        if (setjmp(handler_.jump) != 0) fail();
        const std::size_t stride =
            static_cast<std::size_t>(encoder_.image_width) * encoder_.input_components;
        const auto* row = static_cast<const JSAMPLE*>(samples);
        for (int y = y_begin; y < y_end; ++y, row += stride) {
            JSAMPROW rows = const_cast<JSAMPROW>(row);  // which libjpeg only reads
            jpeg_write_scanlines(&encoder_, &rows, 1);
        }
    }

    void finish() override {
        if (setjmp(handler_.jump) != 0) fail();
        jpeg_finish_compress(&encoder_);
        if (std::fclose(file_.release()) != 0) throw WriteFailure("");
    }

private:
    struct Handler {
        jpeg_error_mgr base;
        std::jmp_buf jump;
        char message[JMSG_LENGTH_MAX];
    };
    struct Density {
        UINT8 unit = 0;  // none, only the ratio
        UINT16 x = 1;
        UINT16 y = 1;
    };
    struct Sampling {
        int across = 2;
        int down = 2;
    };

    [[noreturn]] void fail() const { throw WriteFailure(handler_.message); }

    static Density density_of(const OIIO::ImageSpec& spec) {
        const auto number = [&spec](const char* name) {
            const float value = spec.get_float_attribute(name);
            return static_cast<UINT16>(std::clamp(std::round(value), 0.0F, 65535.0F));
        };
        Density density{0, number("XResolution"), number("YResolution")};
        if (density.x == 0 || density.y == 0) return {};
        const std::string unit = spec.get_string_attribute("ResolutionUnit");
        if (unit == "in" || unit == "inch" || unit == "inches") density.unit = 1;
        if (unit == "cm") density.unit = 2;
        return density;
    }

    static Sampling sampling_of(const OIIO::ImageSpec& spec) {
        const std::string told = spec.get_string_attribute("jpeg:subsampling");
        if (told == "4:4:4") return {1, 1};
        if (told == "4:2:2") return {2, 1};
        if (told == "4:1:1") return {4, 1};
        return {};
    }

    /// Behind JFIF's segment, which libjpeg has written. Calls libjpeg: no C++ objects.
    void write_segments(const std::string& segments) {
        constexpr std::size_t kHead = 4;  // the marker and the length
        for (std::size_t at = 0; at + kHead <= segments.size();) {
            const auto byte = [&segments, at](std::size_t i) {
                return static_cast<unsigned>(static_cast<unsigned char>(segments[at + i]));
            };
            const unsigned bytes = (byte(2) << 8 | byte(3)) - 2;
            jpeg_write_marker(&encoder_, static_cast<int>(byte(1)),
                              reinterpret_cast<const JOCTET*>(segments.data() + at + kHead), bytes);
            at += kHead + bytes;
        }
    }

    std::unique_ptr<std::FILE, FileCloser> file_;
    Handler handler_{};
    jpeg_compress_struct encoder_{};
};

}  // namespace

std::unique_ptr<Writer> make_jpeg_writer(const std::string& name) {
    return std::make_unique<JpegWriter>(name);
}

}  // namespace sisr
