#include "files/cmyk.h"

#include <sisr/error.h>

#include <csetjmp>
#include <cstdio>
#include <jpeglib.h>
#include <lcms2.h>
#include <vector>

namespace sisr {
namespace {

struct ProfileCloser {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, ProfileCloser>;

struct TransformDeleter {
    void operator()(void* transform) const { cmsDeleteTransform(transform); }
};

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

struct CmykConverter::Transform {
    std::unique_ptr<void, TransformDeleter> handle;
};

CmykConverter::CmykConverter(const std::string& profile)
    : transform_(std::make_unique<Transform>()) {
    if (profile.empty()) return;
    const Profile inks(
        cmsOpenProfileFromMem(profile.data(), static_cast<cmsUInt32Number>(profile.size())));
    const Profile display(cmsCreate_sRGBProfile());
    if (!inks || cmsGetColorSpace(inks.get()) != cmsSigCmykData) return;
    transform_->handle.reset(cmsCreateTransform(inks.get(), TYPE_CMYK_FLT, display.get(),
                                                TYPE_RGB_FLT, INTENT_RELATIVE_COLORIMETRIC,
                                                cmsFLAGS_BLACKPOINTCOMPENSATION));
}

CmykConverter::~CmykConverter() = default;

void CmykConverter::convert(const float* cmyk, int stride, std::size_t pixels, float* rgb) const {
    if (!transform_->handle) {
        for (; pixels > 0; --pixels, cmyk += stride, rgb += 3) {
            for (int c = 0; c < 3; ++c) rgb[c] = (1 - cmyk[c]) * (1 - cmyk[3]);
        }
        return;
    }
    std::vector<float> percent(4 * pixels);
    for (std::size_t i = 0; i < pixels; ++i) {
        for (std::size_t c = 0; c < 4; ++c) {
            percent[4 * i + c] = 100 * cmyk[i * static_cast<std::size_t>(stride) + c];
        }
    }
    cmsDoTransform(transform_->handle.get(), percent.data(), rgb,
                   static_cast<cmsUInt32Number>(pixels));
}

/// libjpeg leaves by longjmp, so no C++ object may be born between setjmp and its calls.
struct CmykJpeg::Impl {
    explicit Impl(const std::filesystem::path& path)
        : name(path.string()), file(std::fopen(path.c_str(), "rb")) {
        if (!file) throw Error(ErrorKind::io, name, "cannot be read");
        decoder.err = jpeg_std_error(&handler.base);
        handler.base.error_exit = [](j_common_ptr any) {
            std::longjmp(reinterpret_cast<Handler*>(any->err)->jump, 1);
        };
        handler.base.output_message = [](j_common_ptr) {};
        if (!start()) {
            jpeg_destroy_decompress(&decoder);
            fail();
        }
    }
    ~Impl() { jpeg_destroy_decompress(&decoder); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    bool start() {
        if (setjmp(handler.jump) != 0) return false;
        jpeg_create_decompress(&decoder);
        jpeg_stdio_src(&decoder, file.get());
        jpeg_read_header(&decoder, TRUE);
        decoder.out_color_space = JCS_CMYK;
        return jpeg_start_decompress(&decoder) != 0 && decoder.output_components == 4;
    }

    bool read_row(JSAMPROW row) {
        if (setjmp(handler.jump) != 0) return false;
        return jpeg_read_scanlines(&decoder, &row, 1) == 1;
    }

    [[noreturn]] void fail() const {
        throw Error(ErrorKind::bad_image, name, "is damaged or truncated");
    }

    struct Handler {
        jpeg_error_mgr base;
        std::jmp_buf jump;
    };

    std::string name;
    std::unique_ptr<std::FILE, FileCloser> file;
    Handler handler{};
    jpeg_decompress_struct decoder{};
};

CmykJpeg::CmykJpeg(const std::filesystem::path& file) : impl_(std::make_unique<Impl>(file)) {}
CmykJpeg::~CmykJpeg() = default;

void CmykJpeg::read_rows(int rows, float* out) {
    std::vector<JSAMPLE> row(std::size_t{4} * impl_->decoder.output_width);
    // Adobe's programs store what the ink leaves free.
    const bool is_inverted = impl_->decoder.saw_Adobe_marker != 0;
    for (; rows > 0; --rows) {
        if (!impl_->read_row(row.data())) impl_->fail();
        for (const JSAMPLE sample : row) {
            const float value = static_cast<float>(sample) / 255;
            *out++ = is_inverted ? 1 - value : value;
        }
    }
}

}  // namespace sisr
