#include "files/png_data.h"

#include <sisr/error.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace sisr {
namespace {

constexpr std::uint8_t kPaeth = 4;
constexpr std::size_t kChunkBytes = 1 << 18;
constexpr int kLevel = 1;
constexpr int kHistoryBits = 1;  // the longest distance of a match as a power of 2

/// The pixel left, the one above, or the one above left: whichever is nearest to left + above -
/// above left. In 16 bits, which compilers turn into vectors.
inline std::uint8_t predict(std::int16_t left, std::int16_t above, std::int16_t corner) {
    const auto to_left = static_cast<std::int16_t>(std::abs(above - corner));
    const auto to_above = static_cast<std::int16_t>(std::abs(left - corner));
    const auto to_corner = static_cast<std::int16_t>(std::abs(left + above - 2 * corner));
    const std::int16_t other = to_above <= to_corner ? above : corner;
    const bool is_left = (to_left <= to_above) & (to_left <= to_corner);
    return static_cast<std::uint8_t>(is_left ? left : other);
}

void filter(const std::uint8_t* row, const std::uint8_t* above, std::size_t bytes,
            std::size_t pixel, std::uint8_t* out) {
    for (std::size_t i = 0; i < pixel; ++i) out[i] = row[i] - predict(0, above[i], 0);
    for (std::size_t i = pixel; i < bytes; ++i) {
        out[i] = row[i] - predict(row[i - pixel], above[i], above[i - pixel]);
    }
}

void put_big32(std::uint8_t* at, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(value >> shift);
}

}  // namespace

struct PngData::Impl {
    Impl(std::size_t given_row_bytes, std::size_t given_pixel_bytes, Write given_write)
        : row_bytes(given_row_bytes),
          pixel_bytes(given_pixel_bytes),
          write(std::move(given_write)),
          above(row_bytes),
          filtered(row_bytes + 1),
          level_buffer(ISAL_DEF_LVL1_DEFAULT),
          chunk(kHead + kChunkBytes + kTail) {
        isal_deflate_init(&stream);
        stream.level = kLevel;
        stream.level_buf = level_buffer.data();
        stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
        stream.hist_bits = kHistoryBits;
        stream.gzip_flag = IGZIP_ZLIB;
        begin_chunk();
    }

    void begin_chunk() {
        stream.next_out = chunk.data() + kHead;
        stream.avail_out = kChunkBytes;
    }

    void write_chunk(const char* name, std::size_t bytes) {
        put_big32(chunk.data(), static_cast<std::uint32_t>(bytes));
        std::memcpy(chunk.data() + 4, name, 4);
        put_big32(chunk.data() + kHead + bytes, crc32_gzip_refl(0, chunk.data() + 4, 4 + bytes));
        write(chunk.data(), kHead + bytes + kTail);
    }

    /// Until what was given is compressed, and at the end is out.
    void deflate() {
        do {
            if (isal_deflate(&stream) != COMP_OK) {
                throw Error(ErrorKind::internal, "PNG", "cannot be compressed");
            }
            if (stream.avail_out == 0) {
                write_chunk("IDAT", kChunkBytes);
                begin_chunk();
            }
        } while (stream.avail_in > 0 ||
                 (stream.end_of_stream != 0 && stream.internal_state.state != ZSTATE_END));
    }

    static constexpr std::size_t kHead = 8;  // length and name
    static constexpr std::size_t kTail = 4;  // check sum

    std::size_t row_bytes;
    std::size_t pixel_bytes;
    Write write;
    std::vector<std::uint8_t> above;
    std::vector<std::uint8_t> filtered;
    std::vector<std::uint8_t> level_buffer;
    std::vector<std::uint8_t> chunk;
    isal_zstream stream{};
};

PngData::PngData(std::size_t row_bytes, std::size_t pixel_bytes, Write write)
    : impl_(std::make_unique<Impl>(row_bytes, pixel_bytes, std::move(write))) {}
PngData::~PngData() = default;

void PngData::write_rows(const std::uint8_t* rows, std::size_t count) {
    Impl& impl = *impl_;
    const std::uint8_t* above = impl.above.data();
    for (std::size_t y = 0; y < count; ++y) {
        const std::uint8_t* row = rows + y * impl.row_bytes;
        impl.filtered[0] = kPaeth;
        filter(row, above, impl.row_bytes, impl.pixel_bytes, impl.filtered.data() + 1);
        above = row;
        impl.stream.next_in = impl.filtered.data();
        impl.stream.avail_in = static_cast<std::uint32_t>(impl.filtered.size());
        impl.deflate();
    }
    if (count > 0) std::memcpy(impl.above.data(), above, impl.row_bytes);
}

void PngData::finish() {
    Impl& impl = *impl_;
    impl.stream.avail_in = 0;
    impl.stream.end_of_stream = 1;
    impl.deflate();
    const std::size_t rest = kChunkBytes - impl.stream.avail_out;
    if (rest > 0) impl.write_chunk("IDAT", rest);
    impl.write_chunk("IEND", 0);
}

}  // namespace sisr
