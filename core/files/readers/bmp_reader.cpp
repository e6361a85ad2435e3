#include "files/readers/bmp_reader.h"

#include "files/readers/bmp_header.h"

#include <sisr/error.h>

#include <algorithm>
#include <fstream>

namespace sisr {
namespace {

constexpr std::uint64_t kMostRunPixels = std::uint64_t{1} << 28;
constexpr double kMetresPerInch = 0.0254;

class BmpReader final : public FileReader {
public:
    explicit BmpReader(const std::filesystem::path& file)
        : path_(file.string()),
          stream_(file, std::ios::binary),
          header_(read_bmp_header(stream_, path_)),
          bytes_(header_.row_bytes()) {
        if (header_.run_bits != 0) {
            read_runs();
        } else {
            check_length(std::filesystem::file_size(file));
        }
        has_alpha_ = header_.masks[3].largest != 0 && holds_alpha();
        start();
    }

    const std::string& format() const override { return format_; }
    const PageInfo& head() const override { return head_; }
    int pages() const override { return 1; }
    bool next_page() override { return false; }

    void read_rows(int y_begin, int y_end, float* out) override {
        for (int y = y_begin; y < y_end; ++y) {
            if (header_.bits <= 8) {
                out = put_indices(y, out);
            } else {
                out = put_pixels(y, out);
            }
        }
    }

private:
    void start() {
        head_.shape.width = static_cast<int>(header_.width);
        head_.shape.height = static_cast<int>(header_.height);
        const auto is_grey = [](const auto& c) { return c[0] == c[1] && c[1] == c[2]; };
        const bool all_grey = header_.bits <= 8 &&
                              std::all_of(header_.palette.begin(), header_.palette.end(), is_grey);
        head_.shape.colour_channels = all_grey ? 1 : 3;
        head_.shape.has_alpha = has_alpha_;
        const bool is_deep = std::any_of(header_.masks.begin(), header_.masks.end(),
                                         [](const BmpMask& mask) { return mask.largest > 0xFF; });
        head_.depth = is_deep ? Depth::u16 : Depth::u8;
        head_.icc = header_.icc;
        if (header_.per_metre[0] > 0 && header_.per_metre[1] > 0) {
            const auto per_inch = [](double value) {
                return static_cast<float>(value * kMetresPerInch);
            };
            head_.attributes.attribute("XResolution", per_inch(header_.per_metre[0]));
            head_.attributes.attribute("YResolution", per_inch(header_.per_metre[1]));
            head_.attributes.attribute("ResolutionUnit", "in");
        }
    }

    /// The last row may lack the bytes that fill it up.
    void check_length(std::uintmax_t file_bytes) const {
        const auto rows = static_cast<std::uint64_t>(header_.height);
        const std::uint64_t last =
            (static_cast<std::uint64_t>(header_.width) * static_cast<std::uint64_t>(header_.bits) +
             7) /
            8;
        if (header_.pixels_at + (rows - 1) * header_.row_bytes() + last > file_bytes) {
            throw Error(ErrorKind::bad_image, path_, "is truncated");
        }
    }

    /// Into bytes_: as it stands in the file.
    void read_row(int y) {
        const std::int64_t row = header_.is_top_down ? y : header_.height - 1 - y;
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(header_.pixels_at +
                                                  static_cast<std::uint64_t>(row) * bytes_.size()));
        stream_.read(reinterpret_cast<char*>(bytes_.data()),
                     static_cast<std::streamsize>(bytes_.size()));
        if (!stream_.eof() && !stream_) {
            throw Error(ErrorKind::bad_image, path_, "is damaged or truncated");
        }
    }

    std::uint32_t pixel(std::int64_t x) const {
        const auto width = static_cast<std::size_t>(header_.bits / 8);
        const std::uint8_t* at = bytes_.data() + static_cast<std::size_t>(x) * width;
        std::uint32_t value = 0;
        for (std::size_t i = width; i > 0; --i) value = value << 8 | at[i - 1];
        return value;
    }

    /// Many programs write masks for an alpha, or a fourth byte, and leave it 0 everywhere: nobody
    /// means a picture of which nothing is to be seen.
    bool holds_alpha() {
        const std::uint32_t mask = header_.masks[3].bits;
        for (int y = 0; y < header_.height; ++y) {
            read_row(y);
            for (std::int64_t x = 0; x < header_.width; ++x) {
                if ((pixel(x) & mask) != 0) return true;
            }
        }
        return false;
    }

    float* put_pixels(int y, float* out) {
        read_row(y);
        const std::size_t channels = has_alpha_ ? 4 : 3;
        for (std::int64_t x = 0; x < header_.width; ++x) {
            const std::uint32_t value = pixel(x);
            for (std::size_t c = 0; c < channels; ++c) {
                const BmpMask& mask = header_.masks[c];
                const std::uint32_t level = (value & mask.bits) >> mask.shift;
                *out++ = mask.largest == 0
                             ? 0
                             : static_cast<float>(static_cast<double>(level) / mask.largest);
            }
        }
        return out;
    }

    float* put_indices(int y, float* out) {
        if (header_.run_bits == 0) read_row(y);
        const auto width = static_cast<std::size_t>(header_.width);
        const auto bits = static_cast<std::size_t>(header_.bits);
        const auto run_row =
            static_cast<std::size_t>(header_.is_top_down ? y : header_.height - 1 - y) * width;
        for (std::size_t x = 0; x < width; ++x) {
            const std::size_t bit = x * bits;
            const std::size_t index =
                header_.run_bits != 0
                    ? indices_[run_row + x]
                    : bytes_[bit / 8] >> (8 - bits - bit % 8) & ((1U << bits) - 1);
            const auto& colour = header_.palette[index];
            for (int c = 0; c < head_.shape.colour_channels; ++c) {
                *out++ = static_cast<float>(colour[static_cast<std::size_t>(c)]) / 255;
            }
        }
        return out;
    }

    /// Rows of run lengths cannot be found without those before them. What none reaches has the
    /// first colour.
    void read_runs() {
        const auto width = static_cast<std::uint64_t>(header_.width);
        const auto height = static_cast<std::uint64_t>(header_.height);
        if (width * height > kMostRunPixels) {
            throw Error(ErrorKind::unsupported, path_,
                        "is a larger bitmap of run lengths than is supported");
        }
        indices_.resize(width * height);
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(header_.pixels_at));
        std::uint64_t x = 0;
        std::uint64_t y = 0;
        const auto put = [&](int index) {
            if (x < width && y < height) {
                indices_[y * width + x] = static_cast<std::uint8_t>(index);
            }
            ++x;
        };
        const bool is_4 = header_.run_bits == 4;
        while (y < height) {
            const int count = stream_.get();
            const int value = stream_.get();
            if (!stream_) throw Error(ErrorKind::bad_image, path_, "is truncated");
            if (count > 0) {
                for (int i = 0; i < count; ++i) {
                    put(!is_4 ? value : (i % 2 == 0 ? value >> 4 : value & 15));
                }
            } else if (value == 0) {  // end of the row
                x = 0;
                ++y;
            } else if (value == 1) {  // end of the picture
                return;
            } else if (value == 2) {  // a step to another place
                x += static_cast<std::uint64_t>(std::max(0, stream_.get()));
                y += static_cast<std::uint64_t>(std::max(0, stream_.get()));
            } else {
                put_plain(value, is_4, put);
            }
        }
    }

    /// `count` pixels as they are, filled up to an even number of bytes.
    template <class Put>
    void put_plain(int count, bool is_4, const Put& put) {
        const int bytes = is_4 ? (count + 1) / 2 : count;
        for (int i = 0; i < bytes; ++i) {
            const int byte = stream_.get();
            if (!stream_) throw Error(ErrorKind::bad_image, path_, "is truncated");
            if (is_4) {
                put(byte >> 4);
                if (2 * i + 1 < count) put(byte & 15);
            } else {
                put(byte);
            }
        }
        if (bytes % 2 != 0) stream_.get();
    }

    std::string path_;
    std::string format_ = "bmp";
    std::ifstream stream_;
    BmpHeader header_;
    std::vector<std::uint8_t> bytes_;
    std::vector<std::uint8_t> indices_;  ///< of pixels in run lengths, rows as in the file
    bool has_alpha_ = false;
    PageInfo head_;
};

}  // namespace

std::unique_ptr<FileReader> open_bmp(const std::filesystem::path& file,
                                     const MetadataParts& /*parts*/) {
    return std::make_unique<BmpReader>(file);
}

}  // namespace sisr
