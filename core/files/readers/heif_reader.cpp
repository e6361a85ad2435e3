#include "files/readers/heif_reader.h"

#include "files/heif.h"
#include "files/readers/described.h"
#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace sisr {
namespace {

bool is_avif(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string head(64, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    return begins_as_avif(head);
}

/// libheif decodes a picture as a whole, and turns it upright.
class HeifReader final : public FileReader {
public:
    HeifReader(const std::filesystem::path& file, const MetadataParts& parts)
        : path_(file.string()),
          format_(is_avif(file) ? "avif" : "heif"),
          pages_(std::max(1, parts.frames)),
          context_(heif_context_alloc()) {
        std::string reason;
        if (context_) handle_ = open_heif_picture(context_.get(), file, reason);
        if (!handle_) fail("is not an image that can be read", reason);
        bits_ = heif_image_handle_get_luma_bits_per_pixel(handle_.get());
        const bool has_alpha = heif_image_handle_has_alpha_channel(handle_.get()) != 0;
        const int width = heif_image_handle_get_width(handle_.get());
        const int height = heif_image_handle_get_height(handle_.get());
        check_size(path_, width, height, has_alpha ? 4 : 3);
        is_associated_ = has_alpha && heif_image_handle_is_premultiplied_alpha(handle_.get()) != 0;
        head_.shape = {width, height, 3, has_alpha, Encoding::display};
        head_.depth = bits_ > 8 ? Depth::u16 : Depth::u8;
        head_.icc = parts.icc;
        describe(parts, head_.attributes);
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return pages_; }
    bool next_page() override { return false; }

    void read_rows(int y_begin, int y_end, float* out) override {
        if (!image_) decode();
        int stride = 0;
        const std::uint8_t* plane =
            heif_image_get_plane_readonly(image_.get(), heif_channel_interleaved, &stride);
        const std::size_t samples = head_.shape.row_samples();
        const int most = (1 << bits_) - 1;
        for (int y = y_begin; y < y_end; ++y) {
            const std::uint8_t* row =
                plane + static_cast<std::size_t>(stride) * static_cast<std::size_t>(y);
            for (std::size_t i = 0; i < samples; ++i) {
                const int value = bits_ > 8 ? row[2 * i] | row[2 * i + 1] << 8 : row[i];
                *out++ = static_cast<float>(value) / static_cast<float>(most);
            }
            if (is_associated_) {
                unpremultiply(out - samples, static_cast<std::size_t>(head_.shape.width), 3);
            }
        }
    }

private:
    [[noreturn]] void fail(const std::string& what, const std::string& reason) const {
        throw Error(ErrorKind::bad_image, path_,
                    what + (reason.empty() ? "" : " (" + reason + ")"));
    }

    void decode() {
        const auto lock = lock_heif_threads();
        const bool has_alpha = head_.shape.has_alpha;
        const heif_chroma plain =
            has_alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
        const heif_chroma deep =
            has_alpha ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBB_LE;
        heif_image* decoded = nullptr;
        const heif_error error = heif_decode_image(handle_.get(), &decoded, heif_colorspace_RGB,
                                                   bits_ > 8 ? deep : plain, nullptr);
        if (error.code != heif_error_Ok) fail("is damaged or truncated", error.message);
        image_.reset(decoded);
        int stride = 0;  // newer libraries want it told
        const bool is_as_told =
            heif_image_get_primary_width(decoded) == head_.shape.width &&
            heif_image_get_primary_height(decoded) == head_.shape.height &&
            heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride) != nullptr;
        if (!is_as_told) fail("is damaged or truncated", "");
        if (bits_ > 8) {
            bits_ = heif_image_get_bits_per_pixel_range(decoded, heif_channel_interleaved);
        }
    }

    std::string path_;
    std::string format_;
    int pages_;
    // Destroyed from the last to the first.
    HeifContext context_;
    HeifHandle handle_;
    HeifImage image_;
    int bits_ = 8;
    bool is_associated_ = false;
    PageInfo head_;
};

}  // namespace

std::unique_ptr<FileReader> open_heif(const std::filesystem::path& file,
                                      const MetadataParts& parts) {
    return std::make_unique<HeifReader>(file, parts);
}

}  // namespace sisr
