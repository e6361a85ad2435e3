#include "files/readers/openimageio_reader.h"

#include "files/cmyk.h"
#include "files/file_layout.h"
#include "files/openimageio_files.h"
#include "files/readers/format_quirks.h"
#include "files/readers/rows_of_page.h"

#include <sisr/error.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>

namespace sisr {
namespace {

namespace fs = std::filesystem;

class OpenImageIoReader final : public FileReader {
public:
    OpenImageIoReader(fs::path file, const MetadataParts& parts)
        : file_(std::move(file)),
          path_(file_.string()),
          own_profile_(parts.icc),
          frames_(std::max(1, parts.frames)) {
        open(false);
        format_ = input_->format_name();
        refuse_misread(file_, format_);
        alpha_ = alpha_by_file(file_, format_);
        if (format_ == "openexr") go_to_part_with_colours();
        start_page();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return format_ == "png" ? frames_ : 1; }
    bool next_page() override { return false; }
    std::vector<std::string> notes() const override { return notes_; }

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
        // OpenImageIO damages JPEG's profiles of more than a segment, as those of inks are.
        const std::string profile =
            own_profile_.empty() ? profile_of(input_->spec()) : own_profile_;
        start_inks(profile);
        spec_ = input_->spec();
        choose_channels();
        tile_row_begin_ = -1;

        head_ = PageInfo();
        head_.shape.width = spec_.width;
        head_.shape.height = spec_.height;
        head_.shape.colour_channels = static_cast<int>(channels_.colour.size());
        head_.shape.has_alpha = channels_.alpha >= 0;
        head_.shape.encoding = inks_ ? Encoding::display : encoding_of(spec_, format_);
        head_.depth = depth_of(spec_);
        const int by_file = orientation_by_file(file_, format_);
        head_.orientation = by_file > 0 ? by_file : spec_.get_int_attribute("Orientation", 1);
        head_.icc = profile;
        head_.is_converted = static_cast<bool>(inks_);
        is_associated_ = head_.shape.has_alpha &&
                         (alpha_ ? *alpha_ == AlphaKind::associated
                                 : spec_.get_int_attribute("oiio:UnassociatedAlpha") == 0);
        keep_windows();
        head_.attributes = std::move(spec_.extra_attribs);
        spec_.extra_attribs.clear();
    }

    /// OpenEXR's first part may be depth or the like.
    void go_to_part_with_colours() {
        const auto lock = lock_heads();
        std::vector<std::string> names;
        page_ = -1;
        for (int part = 0; input_->seek_subimage(part, 0); ++part) {
            const OIIO::ImageSpec& spec = input_->spec();
            const std::string name = spec.get_string_attribute("oiio:subimagename");
            names.push_back(name.empty() ? std::to_string(part + 1) : name);
            if (page_ < 0 && !spec.deep && !map_channels(spec).colour.empty()) page_ = part;
        }
        input_->geterror();
        page_ = std::max(page_, 0);
        input_->seek_subimage(page_, 0);
        if (names.size() < 2) return;
        std::string all;
        for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
        notes_.push_back("has " + std::to_string(names.size()) + " parts (" + all +
                         "), of which only " + names[static_cast<std::size_t>(page_)] + " is done");
    }

    void choose_channels() {
        if (inks_) {
            channels_ = {{0, 1, 2}, -1};
            return;
        }
        channels_ = map_channels(spec_);
        if (channels_.colour.empty()) {
            ChannelMap none;
            fail(ErrorKind::unsupported,
                 "holds no picture: its channels are " + names_beside(none, spec_));
        }
        if (alpha_ == AlphaKind::none) channels_.alpha = -1;
        const std::string others = names_beside(channels_, spec_);
        if (!others.empty() && alpha_ != AlphaKind::none) {
            notes_.push_back("has channels that are not done: " + others);
        }
    }

    void keep_windows() {
        if (spec_.x == spec_.full_x && spec_.y == spec_.full_y && spec_.width == spec_.full_width &&
            spec_.height == spec_.full_height) {
            return;
        }
        if (format_ != "openexr") return;
        head_.windows = Windows{spec_.x,      spec_.y,      spec_.width,      spec_.height,
                                spec_.full_x, spec_.full_y, spec_.full_width, spec_.full_height};
    }

    void start_inks(const std::string& profile) {
        inks_.reset();
        cmyk_jpeg_.reset();
        if (!is_cmyk(input_->spec())) return;
        if (format_ == "jpeg") {
            cmyk_jpeg_ = std::make_unique<CmykJpeg>(file_);
        } else {
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
    int frames_;               ///< of an animated PNG, only the first of which is read
    std::unique_ptr<OIIO::ImageInput> input_;
    std::string format_;
    int page_ = 0;
    OIIO::ImageSpec spec_;  ///< as the page was when it was begun, without attributes
    PageInfo head_;
    ChannelMap channels_;
    std::optional<AlphaKind> alpha_;  ///< none: as OpenImageIO tells
    bool is_associated_ = false;
    std::vector<std::string> notes_;
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
