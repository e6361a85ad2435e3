#include "image/turn.h"

#include <algorithm>
#include <cmath>

namespace sisr {
namespace {

constexpr float kLargest = 65535;

struct Place {
    int x;
    int y;
};

/// Where pixel (x, y) of the upright picture is stored.
Place stored_place(int orientation, Place upright, const ImageShape& stored) {
    const int right = stored.width - 1;
    const int bottom = stored.height - 1;
    const auto [x, y] = upright;
    switch (orientation) {
        case 2: return {right - x, y};
        case 3: return {right - x, bottom - y};
        case 4: return {x, bottom - y};
        case 5: return {y, x};
        case 6: return {y, bottom - x};
        case 7: return {right - y, bottom - x};
        case 8: return {right - y, x};
        default: return {x, y};
    }
}

}  // namespace

TurnedRows::TurnedRows(RowSource& source, Depth depth, int orientation)
    : stored_(source.shape()), upright_(stored_), orientation_(orientation) {
    if (swaps_sides(orientation)) std::swap(upright_.width, upright_.height);
    const bool is_small = depth == Depth::u8 || depth == Depth::u16;
    const std::size_t stride = stored_.row_samples();
    const std::size_t samples = stride * static_cast<std::size_t>(stored_.height);
    is_small ? small_.resize(samples) : large_.resize(samples);
    std::vector<float> row(stride);
    for (int y = 0; y < stored_.height; ++y) {
        source.read_rows(y, y + 1, row.data());
        const auto at = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(y) * stride);
        if (!is_small) {
            std::copy(row.begin(), row.end(), large_.begin() + at);
            continue;
        }
        std::transform(row.begin(), row.end(), small_.begin() + at, [](float value) {
            return static_cast<std::uint16_t>(
                std::lround(kLargest * std::clamp(value, 0.0F, 1.0F)));
        });
    }
}

float TurnedRows::sample(std::size_t index) const {
    return large_.empty() ? static_cast<float>(small_[index]) / kLargest : large_[index];
}

void TurnedRows::read_rows(int y_begin, int y_end, float* out) const {
    const auto channels = static_cast<std::size_t>(stored_.channels());
    for (int y = y_begin; y < y_end; ++y) {
        for (int x = 0; x < upright_.width; ++x) {
            const Place from = stored_place(orientation_, {x, y}, stored_);
            const std::size_t index = static_cast<std::size_t>(from.y) * stored_.row_samples() +
                                      static_cast<std::size_t>(from.x) * channels;
            for (std::size_t c = 0; c < channels; ++c) *out++ = sample(index + c);
        }
    }
}

}  // namespace sisr
