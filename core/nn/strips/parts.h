/// Rows shared between threads.
#pragma once

#include "nn/strips/rows.h"

#include <ATen/Parallel.h>

#include <algorithm>

namespace sisr::nn {

/// Some rows and columns.
struct Part {
    std::int64_t row = 0;
    std::int64_t rows = 0;
    std::int64_t column = 0;
    std::int64_t columns = 0;

    /// The part of `all`.
    Rows of(const Rows& all) const {
        Rows part = all.from(row);
        part.data = static_cast<char*>(part.data) + column * all.pixel_step * all.element_bytes();
        part.width = columns;
        return part;
    }
};

/// Calls work with parts that cover rows of this width. A thread gets columns, the same in layer
/// after layer, so that what it made is in its own cache; of narrow pictures it gets rows.
template <class Work>
void for_parts(std::int64_t width, std::int64_t count, const Work& work) {
    constexpr std::int64_t kColumns = 32;
    // Fewer would leave a thread much less to do than another.
    constexpr std::int64_t kBlocksOfThread = 4;
    constexpr std::int64_t kGrainRows = 2;
    const std::int64_t blocks = (width + kColumns - 1) / kColumns;
    if (blocks < kBlocksOfThread * at::get_num_threads()) {
        at::parallel_for(0, count, kGrainRows, [&](std::int64_t first, std::int64_t last) {
            work(Part{first, last - first, 0, width});
        });
        return;
    }
    at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
        const std::int64_t begin = first * kColumns;
        work(Part{0, count, begin, std::min(last * kColumns, width) - begin});
    });
}

}  // namespace sisr::nn
