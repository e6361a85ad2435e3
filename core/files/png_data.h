/// The fast way to a PNG: its picture data, compressed by ISA-L.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace sisr {

/// Filters, compresses and frames the rows of a PNG behind a head (signature, IHDR and what stands
/// before IDAT) that somebody else writes. ISA-L's matches
/// reach two bytes back, which finds runs: all that photographs hold behind the Paeth filter. Not
/// interlaced, 8 or 16 bits a sample (PNG specification, third edition, 7 to 10).
class PngData {
public:
    using Write = std::function<void(const void* data, std::size_t bytes)>;

    /// row_bytes: of a row as the file holds it; pixel_bytes: of a pixel, which the filter looks
    /// back. `write` is given the file's bytes in order.
    PngData(std::size_t row_bytes, std::size_t pixel_bytes, Write write);
    ~PngData();

    /// The next rows as the file holds them: 16-bit samples are big-endian.
    void write_rows(const std::uint8_t* rows, std::size_t count);

    /// Behind the last row: the end of the data, and IEND.
    void finish();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
