/// Rows of interleaved channels in memory that somebody else holds.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

namespace sisr::nn {

/// A view of some channels of rows. Steps are in elements. Left and right of each row `margin`
/// columns of zeros can be read.
struct Rows {
    void* data = nullptr;  ///< first row, first column behind the margin, first channel
    c10::ScalarType type = c10::ScalarType::Float;  ///< Float or BFloat16
    std::int64_t width = 0;
    std::int64_t channels = 0;
    std::int64_t pixel_step = 0;
    std::int64_t row_step = 0;
    std::int64_t margin = 0;

    bool is_float() const { return type == c10::ScalarType::Float; }

    std::int64_t element_bytes() const { return is_float() ? 4 : 2; }

    template <class T>
    T* row(std::int64_t y) const {
        return static_cast<T*>(data) + y * row_step;
    }

    /// From row y on.
    Rows from(std::int64_t y) const {
        Rows rows = *this;
        rows.data = static_cast<char*>(data) + y * row_step * element_bytes();
        return rows;
    }
};

}  // namespace sisr::nn
