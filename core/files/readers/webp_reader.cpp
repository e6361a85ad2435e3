#include "files/readers/webp_reader.h"

#include "files/readers/described.h"
#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <webp/decode.h>
#include <webp/demux.h>

namespace sisr {
namespace {

struct AnimationDeleter {
    void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};

std::vector<std::uint8_t> read_file(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class WebpReader final : public FileReader {
public:
    WebpReader(const std::filesystem::path& file, const MetadataParts& parts)
        : path_(file.string()), bytes_(read_file(file)) {
        WebPBitstreamFeatures features{};
        if (WebPGetFeatures(bytes_.data(), bytes_.size(), &features) != VP8_STATUS_OK) {
            throw Error(ErrorKind::bad_image, path_, "is not an image that can be read");
        }
        has_alpha_ = features.has_alpha != 0;
        check_size(path_, features.width, features.height, has_alpha_ ? 4 : 3);
        head_.shape = {features.width, features.height, 3, has_alpha_, Encoding::display};
        head_.icc = parts.icc;
        describe(parts, head_.attributes);
        if (features.has_animation != 0) open_animation();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return pages_; }
    bool can_turn_pages() const override { return true; }

    bool next_page() override {
        if (page_ + 1 >= pages_) return false;
        if (frame_ == nullptr) draw_frame();  // the one that nobody has read
        frame_ = nullptr;
        ++page_;
        return true;
    }

    void read_rows(int y_begin, int y_end, float* out) override {
        if (animation_ ? frame_ == nullptr : still_.empty()) animation_ ? draw_frame() : decode();
        const std::uint8_t* pixels = animation_ ? frame_ : still_.data();
        const std::size_t in_step = animation_ || has_alpha_ ? 4 : 3;
        const std::size_t channels = has_alpha_ ? 4 : 3;
        const auto width = static_cast<std::size_t>(head_.shape.width);
        const std::uint8_t* in = pixels + in_step * width * static_cast<std::size_t>(y_begin);
        const std::size_t count = width * static_cast<std::size_t>(y_end - y_begin);
        for (std::size_t i = 0; i < count; ++i, in += in_step) {
            for (std::size_t c = 0; c < channels; ++c) *out++ = static_cast<float>(in[c]) / 255;
        }
    }

private:
    [[noreturn]] void fail() const {
        throw Error(ErrorKind::bad_image, path_, "is damaged or truncated");
    }

    void open_animation() {
        WebPAnimDecoderOptions options;
        WebPAnimDecoderOptionsInit(&options);
        options.color_mode = MODE_RGBA;
        const WebPData data{bytes_.data(), bytes_.size()};
        animation_.reset(WebPAnimDecoderNew(&data, &options));
        WebPAnimInfo info{};
        if (!animation_ || WebPAnimDecoderGetInfo(animation_.get(), &info) == 0) fail();
        pages_ = std::max(1, static_cast<int>(info.frame_count));
        Animation told;
        told.loops = static_cast<int>(info.loop_count);
        WebPIterator frame;
        const WebPDemuxer* demuxer = WebPAnimDecoderGetDemuxer(animation_.get());
        if (WebPDemuxGetFrame(demuxer, 1, &frame) != 0) {
            do {
                told.delays.push_back((frame.duration + 5) / 10);
            } while (WebPDemuxNextFrame(&frame) != 0);
        }
        WebPDemuxReleaseIterator(&frame);
        if (pages_ > 1) head_.animation = told;
    }

    void draw_frame() {
        int time = 0;
        std::uint8_t* canvas = nullptr;
        if (WebPAnimDecoderGetNext(animation_.get(), &canvas, &time) == 0) fail();
        frame_ = canvas;
    }

    void decode() {
        const std::size_t stride =
            static_cast<std::size_t>(head_.shape.width) * (has_alpha_ ? 4 : 3);
        still_.resize(stride * static_cast<std::size_t>(head_.shape.height));
        const auto* decoded = (has_alpha_ ? WebPDecodeRGBAInto : WebPDecodeRGBInto)(
            bytes_.data(), bytes_.size(), still_.data(), still_.size(), static_cast<int>(stride));
        if (decoded == nullptr) fail();
        bytes_ = {};
    }

    std::string path_;
    std::string format_ = "webp";
    std::vector<std::uint8_t> bytes_;  ///< of the file
    bool has_alpha_ = false;
    std::vector<std::uint8_t> still_;
    std::unique_ptr<WebPAnimDecoder, AnimationDeleter> animation_;
    const std::uint8_t* frame_ = nullptr;  ///< the decoder's canvas, as long as it stands there
    int pages_ = 1;
    int page_ = 0;
    PageInfo head_;
};

}  // namespace

std::unique_ptr<FileReader> open_webp(const std::filesystem::path& file,
                                      const MetadataParts& parts) {
    return std::make_unique<WebpReader>(file, parts);
}

}  // namespace sisr
