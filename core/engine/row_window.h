/// The rows of a picture that are in memory.
#pragma once

#include "engine/tile_plan.h"

#include <sisr/rows.h>

#include <algorithm>
#include <vector>

namespace sisr {

/// Reads each row of a source once, from top to bottom, and keeps those that are still wanted.
class RowWindow {
public:
    /// most_rows: that advance() will ask for.
    RowWindow(RowSource& source, int most_rows) : source_(source), shape_(source.shape()) {
        rows_.reserve(static_cast<std::size_t>(most_rows) * shape_.row_samples());
    }

    /// Makes rows [y0, y1) available, and drops those above; y0 never decreases.
    void advance(int y0, int y1) {
        const std::size_t stride = shape_.row_samples();
        const auto dropped = static_cast<std::size_t>(y0 - begin_) * stride;
        rows_.erase(rows_.begin(),
                    rows_.begin() + static_cast<std::ptrdiff_t>(std::min(dropped, rows_.size())));
        begin_ = y0;
        if (y1 <= end_) return;
        rows_.resize(static_cast<std::size_t>(y1 - y0) * stride);
        source_.read_rows(end_, y1, rows_.data() + static_cast<std::size_t>(end_ - y0) * stride);
        end_ = y1;
    }

    /// Behind the last row that has been read.
    int end() const { return end_; }

    Image cut(const Rect& rect) const {
        ImageShape shape = shape_;
        shape.width = rect.width();
        shape.height = rect.height();
        Image part(shape);
        const auto channels = static_cast<std::size_t>(shape.channels());
        for (int y = rect.y0; y < rect.y1; ++y) {
            const float* row = rows_.data() +
                               static_cast<std::size_t>(y - begin_) * shape_.row_samples() +
                               static_cast<std::size_t>(rect.x0) * channels;
            std::copy_n(row, shape.row_samples(), part.row(y - rect.y0));
        }
        return part;
    }

private:
    RowSource& source_;
    ImageShape shape_;
    std::vector<float> rows_;
    int begin_ = 0;
    int end_ = 0;
};

}  // namespace sisr
