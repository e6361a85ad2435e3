#include "files/readers/gif_frames.h"

#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstdlib>
#include <gif_lib.h>
#include <new>
#include <vector>

namespace sisr {
namespace {

constexpr std::size_t kBytesPerPixel = 4;
// A code of three bits may stand for the longest run that there is.
constexpr std::uintmax_t kMostPixelsPerByte = 3 * 4096;

struct GifCloser {
    void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

/// A frame's part of the canvas.
struct Area {
    int left = 0;
    int top = 0;
    int width = 0;
    int height = 0;
};

}  // namespace

struct GifFrames::Impl {
    explicit Impl(const std::filesystem::path& file)
        : path(file.string()), most_pixels(kMostPixelsPerByte * std::filesystem::file_size(file)) {
        int error = 0;
        gif.reset(DGifOpenFileName(path.c_str(), &error));
        if (!gif) {
            const char* reason = GifErrorString(error);
            throw Error(ErrorKind::bad_image, path,
                        std::string("is not an image that can be read (") +
                            (reason == nullptr ? "GIF" : reason) + ")");
        }
        check_size(path, gif->SWidth, gif->SHeight, 3);
        // Not touched before it is drawn on: a damaged head may claim any size.
        canvas.reset(static_cast<std::uint8_t*>(std::calloc(pixels(), kBytesPerPixel)));
        if (!canvas) throw std::bad_alloc();
    }

    std::size_t pixels() const {
        return static_cast<std::size_t>(gif->SWidth) * static_cast<std::size_t>(gif->SHeight);
    }

    [[noreturn]] void fail() const {
        const char* reason = GifErrorString(gif->Error);
        throw Error(ErrorKind::bad_image, path,
                    std::string("is damaged or truncated") +
                        (reason == nullptr ? "" : " (" + std::string(reason) + ")"));
    }

    std::uint8_t* pixel(int x, int y) {
        return canvas.get() + kBytesPerPixel * (static_cast<std::size_t>(y) *
                                                    static_cast<std::size_t>(gif->SWidth) +
                                                static_cast<std::size_t>(x));
    }

    bool next() {
        dispose();
        control = {DISPOSAL_UNSPECIFIED, false, 0, NO_TRANSPARENT_COLOR};
        for (;;) {
            GifRecordType record = UNDEFINED_RECORD_TYPE;
            if (DGifGetRecordType(gif.get(), &record) == GIF_ERROR) fail();
            switch (record) {
                case IMAGE_DESC_RECORD_TYPE: draw(); return true;
                case EXTENSION_RECORD_TYPE: read_extension(); break;
                case TERMINATE_RECORD_TYPE: return false;
                default: fail();
            }
        }
    }

    void read_extension() {
        int label = 0;
        GifByteType* block = nullptr;
        if (DGifGetExtension(gif.get(), &label, &block) == GIF_ERROR) fail();
        while (block != nullptr) {
            if (label == GRAPHICS_EXT_FUNC_CODE) {
                DGifExtensionToGCB(block[0], block + 1, &control);
            } else if (label == COMMENT_EXT_FUNC_CODE) {
                comment.append(reinterpret_cast<const char*>(block + 1), block[0]);
            }
            if (DGifGetExtensionNext(gif.get(), &block) == GIF_ERROR) fail();
        }
    }

    /// Of the frame's part of the canvas, that which is on it.
    template <class Work>
    void for_rows_of_area(const Work& work) {
        const int right = std::min(area.left + area.width, static_cast<int>(gif->SWidth));
        const int bottom = std::min(area.top + area.height, static_cast<int>(gif->SHeight));
        if (right <= area.left) return;
        const std::size_t bytes = kBytesPerPixel * static_cast<std::size_t>(right - area.left);
        for (int y = area.top; y < bottom; ++y) work(pixel(area.left, y), bytes);
    }

    /// What is left of the frame before when the next one comes.
    void dispose() {
        if (control.DisposalMode == DISPOSE_PREVIOUS) {
            const std::uint8_t* from = before.data();
            for_rows_of_area([&from](std::uint8_t* to, std::size_t bytes) {
                std::copy_n(from, bytes, to);
                from += bytes;
            });
        } else if (control.DisposalMode == DISPOSE_BACKGROUND) {
            for_rows_of_area([](std::uint8_t* to, std::size_t bytes) {
                std::fill_n(to, bytes, std::uint8_t{0});
            });
        }
    }

    void draw() {
        if (DGifGetImageDesc(gif.get()) == GIF_ERROR) fail();
        const GifImageDesc& image = gif->Image;
        area = {image.Left, image.Top, image.Width, image.Height};
        if (static_cast<std::uintmax_t>(area.width) * static_cast<std::uintmax_t>(area.height) >
            most_pixels) {
            throw Error(ErrorKind::bad_image, path, "is damaged or truncated");
        }
        colours = image.ColorMap != nullptr ? image.ColorMap : gif->SColorMap;
        if (colours == nullptr) {
            throw Error(ErrorKind::bad_image, path, "is damaged: a frame has no colour table");
        }
        before.clear();
        if (control.DisposalMode == DISPOSE_PREVIOUS) {
            for_rows_of_area([this](const std::uint8_t* from, std::size_t bytes) {
                before.insert(before.end(), from, from + bytes);
            });
        }
        row.resize(static_cast<std::size_t>(std::max(area.width, 1)));
        if (!image.Interlace) {
            for (int y = 0; y < area.height; ++y) draw_row(y);
            return;
        }
        constexpr int kFirst[] = {0, 4, 2, 1};
        constexpr int kStep[] = {8, 8, 4, 2};
        for (int pass = 0; pass < 4; ++pass) {
            for (int y = kFirst[pass]; y < area.height; y += kStep[pass]) draw_row(y);
        }
    }

    void draw_row(int y) {
        if (DGifGetLine(gif.get(), row.data(), area.width) == GIF_ERROR) fail();
        const int on_canvas = area.top + y;
        if (on_canvas < 0 || on_canvas >= gif->SHeight) return;
        const int end = std::min(area.width, static_cast<int>(gif->SWidth) - area.left);
        for (int x = 0; x < end; ++x) {
            const int index = row[static_cast<std::size_t>(x)];
            if (index == control.TransparentColor) continue;
            std::uint8_t* out = pixel(area.left + x, on_canvas);
            const bool is_known = index < colours->ColorCount;
            const GifColorType colour = is_known ? colours->Colors[index] : GifColorType{};
            out[0] = colour.Red;
            out[1] = colour.Green;
            out[2] = colour.Blue;
            out[3] = 255;
        }
    }

    std::string path;
    std::unique_ptr<GifFileType, GifCloser> gif;
    std::uintmax_t most_pixels;  ///< of a frame, by the file's size
    std::unique_ptr<std::uint8_t, Free> canvas;
    std::vector<std::uint8_t> before;  ///< what a frame that is taken away again has covered
    std::vector<GifPixelType> row;
    std::string comment;
    Area area;
    GraphicsControlBlock control{DISPOSAL_UNSPECIFIED, false, 0, NO_TRANSPARENT_COLOR};
    const ColorMapObject* colours = nullptr;
};

GifFrames::GifFrames(const std::filesystem::path& file) : impl_(std::make_unique<Impl>(file)) {}
GifFrames::~GifFrames() = default;

int GifFrames::width() const { return impl_->gif->SWidth; }
int GifFrames::height() const { return impl_->gif->SHeight; }
bool GifFrames::next() { return impl_->next(); }
const std::uint8_t* GifFrames::canvas() const { return impl_->canvas.get(); }
const std::string& GifFrames::comment() const { return impl_->comment; }

bool GifFrames::has_transparent_pixels() const {
    for (std::size_t i = 0; i < impl_->pixels(); ++i) {
        if (impl_->canvas.get()[kBytesPerPixel * i + 3] == 0) return true;
    }
    return false;
}

}  // namespace sisr
