#include "files/palette.h"
#include "files/writers/writer.h"

#include <algorithm>
#include <cstdio>
#include <gif_lib.h>
#include <vector>

namespace sisr {
namespace {

struct MapRelease {
    void operator()(ColorMapObject* map) const { GifFreeMapObject(map); }
};
using ColourMap = std::unique_ptr<ColorMapObject, MapRelease>;

/// giflib itself: OpenImageIO knows neither each frame's delay nor transparency. Every frame is
/// whole, so that a pixel of one never shows through another.
class GifWriter final : public Writer {
public:
    explicit GifWriter(const std::string& name) {
        int error = 0;
        file_ = EGifOpenFileName(name.c_str(), false, &error);
        if (file_ == nullptr) fail(error);
    }
    ~GifWriter() override {
        int error = 0;
        if (file_ != nullptr) EGifCloseFile(file_, &error);
    }

    OIIO::TypeDesc begin(PageHead head) override {
        width_ = head.spec.width;
        height_ = head.spec.height;
        has_alpha_ = head.spec.alpha_channel >= 0;
        delay_ = head.delay;
        frame_.clear();
        if (head.page == 0) begin_file(head);
        return OIIO::TypeDesc::UINT8;
    }

    void write_rows(int y_begin, int y_end, const void* samples) override {
        const auto* bytes = static_cast<const std::uint8_t*>(samples);
        const std::size_t stride = static_cast<std::size_t>(width_) * (has_alpha_ ? 4 : 3);
        frame_.insert(frame_.end(), bytes,
                      bytes + stride * static_cast<std::size_t>(y_end - y_begin));
    }

    void end_page() override {
        PalettePicture picture = make_palette_picture(frame_.data(), width_, height_, has_alpha_);
        put_control(picture.transparent);
        const ColourMap map = make_map(picture);
        check(EGifPutImageDesc(file_, 0, 0, width_, height_, false, map.get()));
        for (int y = 0; y < height_; ++y) {
            check(EGifPutLine(file_, picture.indices.data() + std::size_t(width_) * std::size_t(y),
                              width_));
        }
    }

    void finish() override {
        int error = 0;
        GifFileType* const file = file_;
        file_ = nullptr;
        if (EGifCloseFile(file, &error) != GIF_OK) fail(error);
    }

private:
    [[noreturn]] static void fail(int error) {
        const char* reason = GifErrorString(error);
        throw WriteFailure(reason == nullptr ? "" : reason);
    }
    void check(int result) const {
        if (result != GIF_OK) fail(file_->Error);
    }

    void begin_file(const PageHead& head) {
        constexpr int kBitsOfAChannel = 8;
        EGifSetGifVersion(file_, true);
        check(EGifPutScreenDesc(file_, width_, height_, kBitsOfAChannel, 0, nullptr));
        if (head.loops) {
            const int loops = std::clamp(*head.loops, 0, 0xFFFF);
            const std::uint8_t told[3] = {1, static_cast<std::uint8_t>(loops & 0xFF),
                                          static_cast<std::uint8_t>(loops >> 8)};
            check(EGifPutExtensionLeader(file_, APPLICATION_EXT_FUNC_CODE));
            check(EGifPutExtensionBlock(file_, 11, "NETSCAPE2.0"));
            check(EGifPutExtensionBlock(file_, sizeof told, told));
            check(EGifPutExtensionTrailer(file_));
        }
        if (!head.comment.empty()) check(EGifPutComment(file_, head.comment.c_str()));
    }

    void put_control(int transparent) const {
        GraphicsControlBlock control{};
        // A frame with holes is taken away before the next one is drawn.
        control.DisposalMode = transparent >= 0 ? DISPOSE_BACKGROUND : DISPOSE_DO_NOT;
        control.DelayTime = delay_;
        control.TransparentColor = transparent >= 0 ? transparent : NO_TRANSPARENT_COLOR;
        GifByteType bytes[4];
        const auto count = EGifGCBToExtension(&control, bytes);
        check(EGifPutExtension(file_, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(count), bytes));
    }

    /// Filled up to a power of two.
    static ColourMap make_map(const PalettePicture& picture) {
        int count = 2;
        while (count < static_cast<int>(picture.colours.size())) count *= 2;
        ColourMap map(GifMakeMapObject(count, nullptr));
        if (!map) throw WriteFailure("not enough memory");
        for (std::size_t i = 0; i < picture.colours.size(); ++i) {
            map->Colors[i] = {picture.colours[i][0], picture.colours[i][1], picture.colours[i][2]};
        }
        return map;
    }

    GifFileType* file_ = nullptr;
    int width_ = 0;
    int height_ = 0;
    int delay_ = 0;
    bool has_alpha_ = false;
    std::vector<std::uint8_t> frame_;
};

}  // namespace

std::unique_ptr<Writer> make_gif_writer(const std::string& name) {
    return std::make_unique<GifWriter>(name);
}

}  // namespace sisr
