#include "image/readers/openimageio_reader.h"

#include "image/cmyk.h"
#include "image/file_layout.h"
#include "image/openimageio_files.h"
#include "image/readers/rows_of_page.h"

#include <sisr/error.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>

namespace sisr {
namespace {

namespace fs = std::filesystem;

class OpenImageIoReader final : public FileReader {
public:
    OpenImageIoReader(fs::path file, const MetadataParts& parts)
        : file_(std::move(file)), path_(file_.string()), own_profile_(parts.icc) {
        open(false);
        format_ = input_->format_name();
        pages_ = std::max(1, parts.frames);
        start_page();
    }

    const std::string& format() const override { return format_; }
    const PageHead& head() const override { return head_; }
    int pages() const override { return pages_; }
    bool can_turn_pages() const override {
        return format_ == "tiff" || format_ == "gif" || format_ == "webp";
    }

    bool next_page() override {
        if (!can_turn_pages()) return false;
        do {
            const auto lock = lock_heads();
            if (!input_->seek_subimage(page_ + 1, 0)) {
                input_->geterror();
                return false;
            }
            ++page_;
        } while ((input_->spec().get_int_attribute("tiff:subfiletype") & 1) != 0);
        start_page();
        return true;
    }

    void read_rows(int y_begin, int y_end, float* out) override {
        const std::size_t pixels =
            static_cast<std::size_t>(y_end - y_begin) * static_cast<std::size_t>(spec_.width);
        if (!inks_ && channels_.is_identity(native_channels())) {
            read_native(y_begin, y_end, out);
        } else {
            native_.resize(pixels * static_cast<std::size_t>(native_channels()));
            read_native(y_begin, y_end, native_.data());
            if (inks_) {
                inks_->convert(native_.data(), native_channels(), pixels, out);
            } else {
                channels_.pick(native_.data(), native_channels(), pixels, out);
            }
        }
        if (is_associated_) unpremultiply(out, pixels, head_.shape.colour_channels);
    }

private:
    void open(bool raw_colour) {
        OIIO::ImageSpec config;
        config.attribute("oiio:UnassociatedAlpha", 1);
        if (raw_colour) config.attribute("oiio:RawColor", 1);
        std::string reason;
        input_ = open_input(file_, config, reason);
        if (input_) return;
        reason = one_line(reason, path_);
        fail(ErrorKind::bad_image,
             "is not an image that can be read" + (reason.empty() ? "" : " (" + reason + ")"));
    }

    /// Reads what the codec tells of the page it stands at.
    void start_page() {
        const OIIO::ImageSpec& told = input_->spec();
        check_size(path_, told.width, told.height, told.nchannels);
        if (told.depth > 1 || told.deep) {
            fail(ErrorKind::unsupported, "is a volume or deep image");
        }
        std::string profile = profile_of(input_->spec());
        if (profile.empty() && page_ == 0) profile = own_profile_;
        start_inks(profile);
        spec_ = input_->spec();
        channels_ = map_channels(spec_);
        if (inks_) channels_ = {{0, 1, 2}, -1};
        tile_row_begin_ = -1;

        head_ = PageHead();
        head_.shape.width = spec_.width;
        head_.shape.height = spec_.height;
        head_.shape.colour_channels = static_cast<int>(channels_.colour.size());
        head_.shape.has_alpha = channels_.alpha >= 0;
        head_.shape.encoding = inks_ ? Encoding::display : encoding_of(spec_, format_);
        head_.depth = depth_of(spec_);
        head_.orientation = spec_.get_int_attribute("Orientation", 1);
        head_.icc = profile;
        head_.is_converted = static_cast<bool>(inks_);
        is_associated_ = head_.shape.has_alpha && has_associated_alpha(spec_, format_);
        head_.attributes = std::move(spec_.extra_attribs);
        spec_.extra_attribs.clear();
    }

    void start_inks(const std::string& profile) {
        inks_.reset();
        cmyk_jpeg_.reset();
        if (!is_cmyk(input_->spec())) return;
        if (format_ == "jpeg") {
            cmyk_jpeg_ = std::make_unique<CmykJpeg>(file_);
        } else if (page_ == 0) {
            open(true);
        }
        if (!cmyk_jpeg_ && input_->spec().nchannels < 4) {
            fail(ErrorKind::unsupported, "is in CMYK, of a kind that is not supported");
        }
        inks_ = std::make_unique<CmykConverter>(profile);
    }

    int native_channels() const { return cmyk_jpeg_ ? 4 : spec_.nchannels; }

    [[noreturn]] void fail(ErrorKind kind, const std::string& reason) const {
        throw Error(kind, path_, reason);
    }

    /// Rows as the file has them, all channels.
    void read_native(int y_begin, int y_end, float* out) {
        if (cmyk_jpeg_) {
            cmyk_jpeg_->read_rows(y_end - y_begin, out);
            return;
        }
        bool done =
            spec_.tile_width == 0
                ? input_->read_scanlines(page_, 0, spec_.y + y_begin, spec_.y + y_end, spec_.z, 0,
                                         spec_.nchannels, OIIO::TypeDesc::FLOAT, out)
                : read_tile_rows(y_begin, y_end, out);
        // Some readers find only then that the page is another than they have said.
        done = done && input_->spec().nchannels == spec_.nchannels &&
               input_->spec().width == spec_.width;
        if (!done) {
            const std::string reason = one_line(input_->geterror(), path_);
            fail(ErrorKind::bad_image,
                 "is damaged or truncated" + (reason.empty() ? "" : " (" + reason + ")"));
        }
    }

    /// Tiles come in whole rows of tiles; the one at work is kept.
    bool read_tile_rows(int y_begin, int y_end, float* out) {
        const std::size_t stride = static_cast<std::size_t>(spec_.width) * spec_.nchannels;
        for (int y = y_begin; y < y_end; ++y, out += stride) {
            const int first = y / spec_.tile_height * spec_.tile_height;
            if (first != tile_row_begin_) {
                const int last = std::min(first + spec_.tile_height, spec_.height);
                tile_row_.resize(stride * static_cast<std::size_t>(last - first));
                if (!input_->read_tiles(page_, 0, spec_.x, spec_.x + spec_.width, spec_.y + first,
                                        spec_.y + last, spec_.z, spec_.z + 1, 0, spec_.nchannels,
                                        OIIO::TypeDesc::FLOAT, tile_row_.data())) {
                    return false;
                }
                tile_row_begin_ = first;
            }
            std::copy_n(tile_row_.data() + static_cast<std::size_t>(y - first) * stride, stride,
                        out);
        }
        return true;
    }

    fs::path file_;
    std::string path_;
    std::string own_profile_;  ///< from the file's parts
    std::unique_ptr<OIIO::ImageInput> input_;
    std::string format_;
    int pages_ = 1;
    int page_ = 0;
    OIIO::ImageSpec spec_;  ///< as the page was when it was begun, without attributes
    PageHead head_;
    ChannelMap channels_;
    bool is_associated_ = false;
    std::unique_ptr<CmykJpeg> cmyk_jpeg_;
    std::unique_ptr<CmykConverter> inks_;
    std::vector<float> native_;
    std::vector<float> tile_row_;
    int tile_row_begin_ = -1;
};

}  // namespace

std::unique_ptr<FileReader> open_by_openimageio(const fs::path& file, const MetadataParts& parts) {
    return std::make_unique<OpenImageIoReader>(file, parts);
}

}  // namespace sisr
