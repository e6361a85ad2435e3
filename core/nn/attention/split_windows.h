/// Attention in rectangles: one half of the channels in those of one shape, the other half in the
/// same turned round (Chen et al. 2022, "Cross Aggregation Transformer", section 3.2).
#pragma once

#include "nn/attention/attention.h"

namespace sisr::nn::attention {

struct SplitWindows {
    Window window{};          ///< of the first half
    bool is_shifted = false;  ///< by half a window

    /// Of the first half, or the other.
    Window of(int half) const { return half == 0 ? window : Window{window.width, window.height}; }
    /// Sides that are no multiple of it have zeros for queries, keys and values beyond their end.
    std::int64_t multiple() const;
};

/// qkv: [h,w,3C] of any size, queries, keys and values behind one another. made: [h,w,C], which may
/// be where the queries are. Weights: "bias.0" and "bias.1" as of relative_bias(), for each half.
void attend_in_split_windows(const torch::Tensor& qkv, const SplitWindows& windows,
                             const Weights& weights, const torch::Tensor& made);

}  // namespace sisr::nn::attention
