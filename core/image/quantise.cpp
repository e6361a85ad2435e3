#include "image/quantise.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sisr {
namespace {

template <typename T>
void quantise(const float* samples, std::size_t count, std::vector<std::uint8_t>& bytes) {
    constexpr auto kMax = static_cast<float>(std::numeric_limits<T>::max());
    bytes.resize(count * sizeof(T));
    auto* out = reinterpret_cast<T*>(bytes.data());
    // The samples come from memory: what is asked for in time is there when it is needed. Asking
    // beyond the end does no harm.
    constexpr std::size_t kLine = 16;
    constexpr std::size_t kAhead = 2048;
    for (std::size_t begin = 0; begin < count; begin += kAhead / 2) {
        const std::size_t end = std::min(begin + kAhead / 2, count);
        for (std::size_t i = begin; i < end; i += kLine) __builtin_prefetch(samples + i + kAhead);
        for (std::size_t i = begin; i < end; ++i) {
            const float value = std::min(std::max(samples[i], 0.0F), 1.0F);
            // By way of int, which processors convert in vectors; lround() they do not.
            // NOLINTNEXTLINE(bugprone-incorrect-roundings)
            out[i] = static_cast<T>(static_cast<int>(value * kMax + 0.5F));
        }
    }
}

bool is_little_endian() {
    const std::uint16_t one = 1;
    return *reinterpret_cast<const std::uint8_t*>(&one) == 1;
}

}  // namespace

void quantise_8(const float* samples, std::size_t count, std::vector<std::uint8_t>& bytes) {
    quantise<std::uint8_t>(samples, count, bytes);
}

void quantise_16(const float* samples, std::size_t count, ByteOrder order,
                 std::vector<std::uint8_t>& bytes) {
    quantise<std::uint16_t>(samples, count, bytes);
    if (order == ByteOrder::native || !is_little_endian()) return;
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
}

}  // namespace sisr
