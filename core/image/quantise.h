/// Samples as whole numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sisr {

enum class ByteOrder { native, big };

/// `count` samples, clamped to [0,1], as 0 to 255 (one byte each) or 0 to 65535 (two), rounded to
/// the nearest as OpenImageIO does it, but in vectors. Replaces what `bytes` held.
void quantise_8(const float* samples, std::size_t count, std::vector<std::uint8_t>& bytes);
void quantise_16(const float* samples, std::size_t count, ByteOrder order,
                 std::vector<std::uint8_t>& bytes);

}  // namespace sisr
