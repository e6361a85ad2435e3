#include "files/metadata/containers.h"
#include "files/writers/writer.h"

#include <cstdio>
#include <utility>
#include <vector>
#include <webp/encode.h>

namespace sisr {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// A WebPPicture, freed.
class Picture {
public:
    Picture() {
        if (WebPPictureInit(&picture_) == 0) throw WriteFailure("another libwebp was built with");
    }
    ~Picture() { WebPPictureFree(&picture_); }
    Picture(const Picture&) = delete;
    Picture& operator=(const Picture&) = delete;

    WebPPicture& get() { return picture_; }

private:
    WebPPicture picture_{};
};

/// libwebp itself: OpenImageIO multiplies colours by alpha and loses those under none.
class WebpWriter final : public Writer {
public:
    explicit WebpWriter(std::string name) : name_(std::move(name)) {}

    OIIO::TypeDesc begin(PageHead head) override {
        size_ = {head.spec.width, head.spec.height};
        has_alpha_ = head.spec.alpha_channel >= 0;
        quality_ = head.quality;
        is_lossless_ = head.is_lossless;
        parts_ = head.parts ? std::move(*head.parts) : MetadataParts();
        row_bytes_ = static_cast<std::size_t>(size_.width) * (has_alpha_ ? 4 : 3);
        pixels_.reserve(row_bytes_ * static_cast<std::size_t>(size_.height));
        return OIIO::TypeDesc::UINT8;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        const auto* bytes = static_cast<const std::uint8_t*>(samples);
        pixels_.insert(pixels_.end(), bytes,
                       bytes + row_bytes_ * static_cast<std::size_t>(y_end - y_begin));
    }

    void finish() override {
        WebPConfig config;
        if (WebPConfigInit(&config) == 0) throw WriteFailure("another libwebp was built with");
        config.quality = static_cast<float>(quality_);
        config.lossless = is_lossless_ ? 1 : 0;
        config.exact = 1;  // colours under no alpha stay
        Picture owned;
        WebPPicture& picture = owned.get();
        picture.use_argb = 1;
        picture.width = size_.width;
        picture.height = size_.height;
        const auto import = has_alpha_ ? WebPPictureImportRGBA : WebPPictureImportRGB;
        if (import(&picture, pixels_.data(), static_cast<int>(row_bytes_)) == 0) {
            throw WriteFailure("not enough memory");
        }
        pixels_ = {};
        const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(name_.c_str(), "r+b"));
        if (!file) throw WriteFailure("");
        picture.custom_ptr = file.get();
        picture.writer = [](const std::uint8_t* data, std::size_t bytes, const WebPPicture* from) {
            auto* const target = static_cast<std::FILE*>(from->custom_ptr);
            return std::fwrite(data, 1, bytes, target) == bytes ? 1 : 0;
        };
        if (WebPEncode(&config, &picture) == 0) {
            const bool is_memory = picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
                                   picture.error_code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY;
            throw WriteFailure(is_memory ? "not enough memory" : "");
        }
        if (std::fflush(file.get()) != 0) throw WriteFailure("");
        add_to_webp(name_, size_, has_alpha_, parts_);
    }

private:
    std::string name_;
    Size size_;
    bool has_alpha_ = false;
    bool is_lossless_ = false;
    int quality_ = 0;
    MetadataParts parts_;
    std::size_t row_bytes_ = 0;
    std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::unique_ptr<Writer> make_webp_writer(const std::string& name) {
    return std::make_unique<WebpWriter>(name);
}

}  // namespace sisr
