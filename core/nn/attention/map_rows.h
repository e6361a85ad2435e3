/// Maps [h,w,C] some rows at a time: what is made on the way stays near the processor.
#pragma once

#include "nn/attention/attention.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace sisr::nn::attention {

/// Rows of a band that goes through some layers at once, and whose pixels take so many values each:
/// what stays near the processor's cores, or keeps a device busy.
inline std::int64_t band_rows(const torch::Tensor& map, std::int64_t values, std::int64_t least) {
    constexpr std::int64_t kOfCore = std::int64_t{1} << 18;
    constexpr std::int64_t kOfDevice = std::int64_t{1} << 24;
    const std::int64_t most = map.is_cpu() ? kOfCore * at::get_num_threads() : kOfDevice;
    return std::max(least, most / std::max<std::int64_t>(1, map.size(1) * values));
}

/// run(first, count) for rows of a map whose pixels take so many values each.
template <class Run>
void in_bands(const torch::Tensor& map, std::int64_t values, const Run& run) {
    const std::int64_t rows = band_rows(map, values, 1);
    for (std::int64_t y = 0; y < map.size(0); y += rows) run(y, std::min(rows, map.size(0) - y));
}

/// `name` of the pixels normed by `norm`: [h,w,O].
torch::Tensor normed_linear(const torch::Tensor& map, const Weights& weights,
                            const std::string& norm, const std::string& name);

/// Rows [first, first + count) of what `name`, a convolution of 3x3 of each channel by itself
/// (weight [C,1,3,3], bias [C]), makes of the map, with zeros round it.
torch::Tensor depthwise(const torch::Tensor& map, const Weights& weights, const std::string& name,
                        std::int64_t first, std::int64_t count);

/// The same of all rows but the first and the last.
torch::Tensor depthwise_within(const torch::Tensor& map, const Weights& weights,
                               const std::string& name);

}  // namespace sisr::nn::attention
