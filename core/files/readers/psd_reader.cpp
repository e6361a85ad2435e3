#include "files/readers/psd_reader.h"

#include "files/cmyk.h"
#include "files/readers/described.h"
#include "files/readers/psd_header.h"
#include "image/lab.h"

#include <sisr/error.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace sisr {
namespace {

class PsdReader final : public FileReader {
public:
    explicit PsdReader(const std::filesystem::path& file)
        : path_(file.string()),
          stream_(file, std::ios::binary),
          header_(read_psd_header(stream_, path_)) {
        planes_ = header_.colours() + (header_.has_transparency ? 1 : 0);
        find_rows(std::filesystem::file_size(file));
        if (header_.mode == PsdMode::cmyk) {
            inks_ = std::make_unique<CmykConverter>(header_.parts.icc);
        }
        if (header_.mode == PsdMode::lab) lab_ = std::make_unique<LabConverter>();
        lies_on_white_ = header_.has_transparency && can_lie_on_white();
        start();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return 1; }
    bool next_page() override { return false; }

    void read_rows(int y_begin, int y_end, float* out) override {
        for (int y = y_begin; y < y_end; ++y) {
            read_row(y);
            out = put_row(out);
        }
    }

private:
    void start() {
        const bool is_float = header_.depth == 32;
        const bool is_grey = header_.colours() == 1 && header_.mode != PsdMode::indexed;
        head_.shape.width = header_.width;
        head_.shape.height = header_.height;
        head_.shape.colour_channels = is_grey ? 1 : 3;
        head_.shape.has_alpha = header_.has_transparency || has_transparent_colour();
        head_.is_converted = inks_ || lab_;
        // Of 32 bits they are proportional to light.
        head_.shape.encoding =
            is_float && !head_.is_converted ? Encoding::linear : Encoding::display;
        head_.depth = is_float ? Depth::f32 : header_.depth == 16 ? Depth::u16 : Depth::u8;
        head_.icc = header_.parts.icc;
        describe(header_.parts, head_.attributes);
        head_.orientation = head_.attributes.get_int("Orientation", 1);
        if (header_.resolution[0] > 0 && header_.resolution[1] > 0) {
            head_.attributes.attribute("XResolution", static_cast<float>(header_.resolution[0]));
            head_.attributes.attribute("YResolution", static_cast<float>(header_.resolution[1]));
            head_.attributes.attribute("ResolutionUnit", "in");
        }
    }

    bool has_transparent_colour() const {
        return header_.mode == PsdMode::indexed && header_.transparent >= 0 &&
               header_.transparent < 256;
    }

    [[noreturn]] void fail() const {
        throw Error(ErrorKind::bad_image, path_, "is damaged or truncated");
    }

    /// Where each row of each plane begins, and the last one ends.
    void find_rows(std::uint64_t file_bytes) {
        const auto rows =
            static_cast<std::uint64_t>(planes_) * static_cast<std::uint64_t>(header_.height);
        const std::size_t count = header_.is_large ? 4 : 2;
        const auto all = static_cast<std::uint64_t>(header_.channels) *
                         static_cast<std::uint64_t>(header_.height);
        const std::uint64_t least = header_.is_packed ? all * count : rows * header_.row_bytes();
        if (header_.pixels_at + least > file_bytes) fail();
        if (!header_.is_packed) return;
        std::string table(rows * count, '\0');
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(header_.pixels_at));
        if (!stream_.read(table.data(), static_cast<std::streamsize>(table.size()))) fail();
        std::uint64_t at = header_.pixels_at + all * count;
        rows_at_.reserve(rows + 1);
        for (std::uint64_t row = 0; row < rows; ++row) {
            rows_at_.push_back(at);
            std::uint64_t bytes = 0;
            for (std::size_t i = 0; i < count; ++i) {
                bytes = bytes << 8 | static_cast<unsigned char>(table[row * count + i]);
            }
            at += bytes;
        }
        rows_at_.push_back(at);
        if (at > file_bytes) fail();
    }

    /// Into raw_: a plane's row as it is without packing.
    void read_plane(int plane, int y) {
        const std::uint64_t row =
            static_cast<std::uint64_t>(plane) * static_cast<std::uint64_t>(header_.height) +
            static_cast<std::uint64_t>(y);
        const std::uint64_t bytes =
            header_.is_packed ? rows_at_[row + 1] - rows_at_[row] : header_.row_bytes();
        packed_.resize(bytes);
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(
            header_.is_packed ? rows_at_[row] : header_.pixels_at + row * header_.row_bytes()));
        if (!stream_.read(packed_.data(), static_cast<std::streamsize>(bytes))) fail();
        if (header_.is_packed) {
            unpack();
        } else {
            raw_ = packed_;
        }
    }

    void unpack() {
        const std::uint64_t wanted = header_.row_bytes();
        raw_.clear();
        for (std::size_t i = 0; i < packed_.size() && raw_.size() < wanted;) {
            const int code = static_cast<signed char>(packed_[i++]);
            if (code == -128) continue;
            const auto count = static_cast<std::size_t>(code < 0 ? 1 - code : code + 1);
            const std::size_t needed = code < 0 ? 1 : count;
            if (needed > packed_.size() - i) fail();
            if (code < 0) {
                raw_.append(count, packed_[i]);
            } else {
                raw_.append(packed_, i, count);
            }
            i += needed;
        }
        if (raw_.size() < wanted) fail();
    }

    /// Photoshop's merged pictures do; other programs store colours as they are, of which some are
    /// darker than any can be that white shows through.
    bool can_lie_on_white() {
        constexpr float kStep = 2.0F / 255;
        const auto planes = static_cast<std::size_t>(planes_);
        // L* alone of L*a*b* is white at its largest.
        const std::size_t colours = header_.mode == PsdMode::lab ? 1 : planes - 1;
        for (int y = 0; y < header_.height; ++y) {
            read_row(y);
            for (std::size_t at = 0; at < row_.size(); at += planes) {
                const float white = 1 - row_[at + planes - 1];
                for (std::size_t c = 0; c < colours; ++c) {
                    if (row_[at + c] < white - kStep) return false;
                }
            }
        }
        return true;
    }

    float sample(std::size_t x) const {
        const auto byte = [this](std::size_t at) {
            return static_cast<std::uint32_t>(static_cast<unsigned char>(raw_[at]));
        };
        switch (header_.depth) {
            case 1: return (byte(x / 8) >> (7 - x % 8) & 1) != 0 ? 0.0F : 1.0F;
            case 8: return static_cast<float>(byte(x)) / 255;
            case 16: return static_cast<float>(byte(2 * x) << 8 | byte(2 * x + 1)) / 65535;
            default: break;
        }
        const std::uint32_t bits =
            byte(4 * x) << 24 | byte(4 * x + 1) << 16 | byte(4 * x + 2) << 8 | byte(4 * x + 3);
        float value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    /// Into row_: all planes, from 0 to 1, interleaved.
    void read_row(int y) {
        const auto width = static_cast<std::size_t>(header_.width);
        const auto planes = static_cast<std::size_t>(planes_);
        row_.resize(width * planes);
        for (std::size_t plane = 0; plane < planes; ++plane) {
            read_plane(static_cast<int>(plane), y);
            for (std::size_t x = 0; x < width; ++x) row_[x * planes + plane] = sample(x);
        }
        if (lies_on_white_) take_off_white();
    }

    void take_off_white() {
        const auto planes = static_cast<std::size_t>(planes_);
        for (std::size_t at = 0; at < row_.size(); at += planes) {
            const float alpha = row_[at + planes - 1];
            if (alpha <= 0) continue;
            for (std::size_t c = 0; c + 1 < planes; ++c) {
                const float white = header_.mode == PsdMode::lab && c > 0 ? 128.0F / 255 : 1;
                const float value = (row_[at + c] - (1 - alpha) * white) / alpha;
                row_[at + c] = header_.depth == 32 ? value : std::clamp(value, 0.0F, 1.0F);
            }
        }
    }

    float* put_row(float* out) {
        const auto width = static_cast<std::size_t>(header_.width);
        const auto planes = static_cast<std::size_t>(planes_);
        const auto colours = static_cast<std::size_t>(header_.colours());
        const auto channels = static_cast<std::size_t>(head_.shape.colour_channels);
        const float* converted = row_.data();
        std::size_t step = planes;
        if (inks_ || lab_) {
            convert(width, planes, colours);
            converted = converted_.data();
            step = channels;
        }
        for (std::size_t x = 0; x < width; ++x) {
            if (header_.mode == PsdMode::indexed) {
                out = put_index(row_[x * planes], out);
            } else {
                out = std::copy_n(converted + x * step, channels, out);
            }
            if (header_.has_transparency) *out++ = row_[x * planes + colours];
        }
        return out;
    }

    float* put_index(float value, float* out) const {
        const auto index = static_cast<std::size_t>(value * 255 + 0.5F);
        for (std::size_t c = 0; c < 3; ++c) {
            *out++ =
                static_cast<float>(static_cast<unsigned char>(header_.palette[256 * c + index])) /
                255;
        }
        if (has_transparent_colour() && !header_.has_transparency) {
            *out++ = static_cast<int>(index) == header_.transparent ? 0.0F : 1.0F;
        }
        return out;
    }

    void convert(std::size_t width, std::size_t planes, std::size_t colours) {
        std::vector<float> in(width * colours);
        for (std::size_t x = 0; x < width; ++x) {
            for (std::size_t c = 0; c < colours; ++c) {
                const float value = row_[x * planes + c];
                // What is stored is what the inks leave free.
                if (inks_) in[x * colours + c] = 1 - value;
                if (!lab_) continue;
                const float middle =
                    header_.depth == 8 ? 255 * value - 128 : (65535 * value - 32768) / 256;
                in[x * colours + c] = c == 0 ? 100 * value : middle;
            }
        }
        converted_.resize(3 * width);
        if (inks_) inks_->convert(in.data(), 4, width, converted_.data());
        if (lab_) lab_->convert(in.data(), width, converted_.data());
    }

    std::string path_;
    std::string format_ = "psd";
    std::ifstream stream_;
    PsdHeader header_;
    int planes_ = 1;  ///< that are read
    std::vector<std::uint64_t> rows_at_;
    bool lies_on_white_ = false;
    std::unique_ptr<CmykConverter> inks_;
    std::unique_ptr<LabConverter> lab_;
    PageInfo head_;
    std::string packed_;
    std::string raw_;
    std::vector<float> row_;
    std::vector<float> converted_;
};

}  // namespace

std::unique_ptr<FileReader> open_psd(const std::filesystem::path& file,
                                     const MetadataParts& /*parts*/) {
    return std::make_unique<PsdReader>(file);
}

}  // namespace sisr
