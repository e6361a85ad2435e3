#include "files/readers/bmp_header.h"

#include "files/readers/rows_of_page.h"
#include "files/readers/stream_bytes.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr std::size_t kFileHeadBytes = 14;
enum Compression : std::uint32_t { kPlain, kRuns8, kRuns4, kMasks, kJpeg, kPng, kAlphaMasks };

class HeaderReader {
public:
    HeaderReader(std::istream& stream, const std::string& path) : stream_(stream), path_(path) {}

    BmpHeader read() {
        const std::string head = read_at(stream_, 0, kFileHeadBytes + 4);
        head_bytes_ = static_cast<std::uint32_t>(little_endian(head, kFileHeadBytes, 4));
        const std::initializer_list<std::size_t> kKnown = {12, 16, 40, 52, 56, 64, 108, 124};
        if (head.size() != kFileHeadBytes + 4 ||
            std::find(kKnown.begin(), kKnown.end(), head_bytes_) == kKnown.end()) {
            fail(ErrorKind::bad_image, "is not an image that can be read");
        }
        head_ = read_at(stream_, kFileHeadBytes, head_bytes_);
        if (head_.size() != head_bytes_) fail(ErrorKind::bad_image, "is truncated");
        read_size();
        read_kind();
        after_head_ = kFileHeadBytes + head_bytes_;
        if (header_.bits == 16 || header_.bits == 32) read_masks();
        if (header_.bits == 24) header_.masks = {mask(0xFF0000), mask(0xFF00), mask(0xFF), {}};
        header_.pixels_at = little_endian(head, 10, 4);
        if (header_.bits <= 8) read_palette();
        if (header_.pixels_at < after_head_) header_.pixels_at = after_head_;
        read_profile();
        return header_;
    }

private:
    [[noreturn]] void fail(ErrorKind kind, const std::string& reason) const {
        throw Error(kind, path_, reason);
    }

    std::uint32_t field(std::size_t at, std::size_t count) const {
        return static_cast<std::uint32_t>(little_endian(head_, at, count));
    }

    void read_size() {
        if (head_bytes_ == 12) {
            header_.width = field(4, 2);
            header_.height = field(6, 2);
            header_.bits = static_cast<int>(field(10, 2));
        } else {
            header_.width = static_cast<std::int32_t>(field(4, 4));
            header_.height = static_cast<std::int32_t>(field(8, 4));
            header_.bits = static_cast<int>(field(14, 2));
            header_.per_metre[0] = static_cast<std::int32_t>(field(24, 4));
            header_.per_metre[1] = static_cast<std::int32_t>(field(28, 4));
        }
        header_.is_top_down = header_.height < 0;
        if (header_.is_top_down) header_.height = -header_.height;
        check_size(path_, header_.width, header_.height, 1);
    }

    void read_kind() {
        const bool is_os2 = head_bytes_ == 16 || head_bytes_ == 64;
        compression_ = head_bytes_ == 12 ? 0 : field(16, 4);
        const int bits = header_.bits;
        const bool has_masks = compression_ == kMasks || compression_ == kAlphaMasks;
        bool is_sound = false;
        switch (compression_) {
            case kPlain:
                is_sound = bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 ||
                           bits == 24 || bits == 32;
                break;
            case kRuns8: is_sound = bits == 8; break;
            case kRuns4: is_sound = bits == 4; break;
            case kMasks:
            case kAlphaMasks: is_sound = !is_os2 && (bits == 16 || bits == 32); break;
            default: break;
        }
        if (!is_sound) {
            fail(ErrorKind::unsupported, "is a bitmap of a kind that is not supported (" +
                                             std::to_string(bits) + " bits, compression " +
                                             std::to_string(compression_) + ")");
        }
        if (!has_masks && compression_ != kPlain) header_.run_bits = bits;
    }

    BmpMask mask(std::uint32_t bits) const {
        BmpMask result{bits, 0, bits};
        if (bits == 0) return result;
        while ((result.largest & 1) == 0) {
            result.largest >>= 1;
            ++result.shift;
        }
        if ((result.largest & (result.largest + 1)) != 0) {
            fail(ErrorKind::unsupported, "has bit masks with gaps, which are not supported");
        }
        return result;
    }

    /// Headers of 52 bytes and more hold them, behind the one of 40 they follow.
    void read_masks() {
        if (compression_ == kPlain) {
            const bool is_16 = header_.bits == 16;
            header_.masks =
                is_16 ? std::array{mask(0x7C00), mask(0x3E0), mask(0x1F), BmpMask{}}
                      : std::array{mask(0xFF0000), mask(0xFF00), mask(0xFF), mask(0xFF000000)};
            return;
        }
        const bool is_inside = head_bytes_ >= 52;
        const bool has_alpha = is_inside ? head_bytes_ >= 56 : compression_ == kAlphaMasks;
        const std::size_t bytes = has_alpha ? 16 : 12;
        const std::string masks = read_at(stream_, kFileHeadBytes + 40, bytes);
        if (masks.size() != bytes) fail(ErrorKind::bad_image, "is truncated");
        if (!is_inside) after_head_ += bytes;
        std::uint32_t taken = 0;
        for (std::size_t i = 0; i < bytes / 4; ++i) {
            auto bits = static_cast<std::uint32_t>(little_endian(masks, 4 * i, 4));
            if (header_.bits == 16) bits &= 0xFFFF;
            if ((bits & taken) != 0) {
                fail(ErrorKind::unsupported, "has bit masks that overlap, which are not supported");
            }
            taken |= bits;
            header_.masks[i] = mask(bits);
        }
        const auto& m = header_.masks;
        if (m[0].largest == 0 && m[1].largest == 0 && m[2].largest == 0) {
            fail(ErrorKind::bad_image, "has bit masks that leave no colour");
        }
    }

    void read_palette() {
        const std::size_t step = head_bytes_ == 12 ? 3 : 4;
        const std::size_t most = std::size_t{1} << header_.bits;
        std::size_t count = head_bytes_ >= 40 ? field(32, 4) : 0;
        if (count == 0 || count > most) count = most;
        const std::uint64_t room =
            header_.pixels_at > after_head_ ? header_.pixels_at - after_head_ : 0;
        if (header_.pixels_at != 0) count = std::min<std::size_t>(count, room / step);
        const std::string bytes = read_at(stream_, after_head_, count * step);
        for (std::size_t i = 0; i + step <= bytes.size(); i += step) {
            const auto byte = [&bytes, i](std::size_t c) {
                return static_cast<std::uint8_t>(bytes[i + c]);
            };
            header_.palette.push_back({byte(2), byte(1), byte(0)});
        }
        if (header_.palette.empty()) fail(ErrorKind::bad_image, "is damaged: it has no palette");
        // What points beyond it is black, as elsewhere.
        header_.palette.resize(most);
        after_head_ += count * step;
    }

    void read_profile() {
        constexpr std::uint32_t kEmbedded = 0x4D424544;  // "MBED"
        constexpr std::size_t kMostBytes = 16 << 20;
        if (head_bytes_ < 124 || field(56, 4) != kEmbedded) return;
        const std::size_t bytes = field(116, 4);
        if (bytes > kMostBytes) return;
        header_.icc = read_at(stream_, kFileHeadBytes + field(112, 4), bytes);
        if (header_.icc.size() != bytes) header_.icc.clear();
    }

    std::istream& stream_;
    const std::string& path_;
    std::size_t head_bytes_ = 0;
    std::string head_;
    std::uint32_t compression_ = 0;
    std::uint64_t after_head_ = 0;
    BmpHeader header_;
};

}  // namespace

BmpHeader read_bmp_header(std::istream& stream, const std::string& path) {
    return HeaderReader(stream, path).read();
}

}  // namespace sisr
