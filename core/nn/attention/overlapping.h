/// The transformer block whose windows look beyond their borders (Chen et al. 2023, "Activating
/// More Pixels in Image Super-Resolution Transformer", section 3.2: OCAB).
#pragma once

#include "nn/attention/attention.h"

namespace sisr::nn {

struct OverlappingBlock {
    int window = 16;
    int around = 4;  ///< pixels on each side of a window that it looks at too
    int heads = 6;

    int seen() const { return window + 2 * around; }
};

/// What is added for each pair of a window's pixels and those that it looks at, [heads, L, seen^2],
/// of a table [(window + seen - 1)^2, heads].
torch::Tensor overlapping_bias(const torch::Tensor& table, const OverlappingBlock& block);

/// x + attention(norm1(x)), and then that + mlp(norm2(that)); maps [N,h,w,C], whose sides are
/// multiples of the window. Beyond the map keys and values are 0. Weights: norm1, query,
/// key_value, proj, norm2, mlp.fc1, mlp.fc2, and "bias" as of overlapping_bias().
torch::Tensor overlapping_block(const torch::Tensor& x, const Custom::Weights& weights,
                                const OverlappingBlock& block);

}  // namespace sisr::nn
