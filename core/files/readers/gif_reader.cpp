#include "files/readers/gif_reader.h"

#include "files/metadata/containers.h"
#include "files/readers/gif_frames.h"

#include <sisr/error.h>

#include <OpenImageIO/typedesc.h>

#include <algorithm>
#include <fstream>

namespace sisr {
namespace {

GifOutline outline_of(const std::filesystem::path& file) {
    constexpr std::streamoff kSignatureBytes = 6;
    std::ifstream stream(file, std::ios::binary);
    stream.seekg(kSignatureBytes);
    return read_gif_outline(stream);
}

/// Frames that are optimised for size leave out what stays as it is, so only drawing them tells.
bool shows_transparency(const std::filesystem::path& file) {
    GifFrames frames(file);
    try {
        while (frames.next()) {
            if (frames.has_transparent_pixels()) return true;
        }
    } catch (const Error&) {
        // Told when its turn comes.
    }
    return false;
}

class GifReader final : public FileReader {
public:
    explicit GifReader(const std::filesystem::path& file)
        : path_(file.string()), outline_(outline_of(file)), frames_(file) {
        if (outline_.is_cut_off) throw Error(ErrorKind::bad_image, path_, "is truncated");
        has_alpha_ = outline_.may_be_transparent && shows_transparency(file);
        if (!frames_.next()) throw Error(ErrorKind::bad_image, path_, "is a GIF without a picture");
        start_page();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return std::max(1, static_cast<int>(outline_.delays.size())); }
    bool can_turn_pages() const override { return true; }

    bool next_page() override {
        if (page_ + 1 >= pages() || !frames_.next()) return false;
        ++page_;
        start_page();
        return true;
    }

    void read_rows(int y_begin, int y_end, float* out) override {
        const auto width = static_cast<std::size_t>(frames_.width());
        const std::uint8_t* in = frames_.canvas() + 4 * width * static_cast<std::size_t>(y_begin);
        const std::size_t pixels = width * static_cast<std::size_t>(y_end - y_begin);
        const std::size_t channels = has_alpha_ ? 4 : 3;
        for (std::size_t i = 0; i < pixels; ++i, in += 4) {
            for (std::size_t c = 0; c < channels; ++c) *out++ = static_cast<float>(in[c]) / 255;
        }
    }

private:
    void start_page() {
        head_ = PageInfo();
        head_.shape = {frames_.width(), frames_.height(), 3, has_alpha_, Encoding::display};
        const auto page = static_cast<std::size_t>(page_);
        if (outline_.delays.size() > 1) head_.animation = {outline_.delays, outline_.loops};
        if (outline_.delays.size() > 1 && outline_.delays[page] > 0) {
            const int rate[2] = {100, outline_.delays[page]};
            head_.attributes.attribute("FramesPerSecond", OIIO::TypeRational, rate);
        }
        if (!frames_.comment().empty()) {
            head_.attributes.attribute("ImageDescription", frames_.comment());
        }
    }

    std::string path_;
    std::string format_ = "gif";
    GifOutline outline_;
    GifFrames frames_;
    bool has_alpha_ = false;
    int page_ = 0;
    PageInfo head_;
};

}  // namespace

std::unique_ptr<FileReader> open_gif(const std::filesystem::path& file,
                                     const MetadataParts& /*parts*/) {
    return std::make_unique<GifReader>(file);
}

}  // namespace sisr
