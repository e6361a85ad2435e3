/// The two attentions of the Dual Aggregation Transformer (Chen et al. 2023, section 3.2): pixels
/// of a window, or channels, attend to each other, and what a convolution makes of the values
/// beside that and the attention weigh one another.
#pragma once

#include "nn/attention/split_windows.h"

namespace sisr::nn::attention {

/// x [h,w,C] + attention(norm1(x)), between the pixels of windows. Weights: norm1, attn.qkv,
/// attn.proj, "bias.0", "bias.1", and with their batch norms folded: dwconv, channel.0, channel.1,
/// spatial.0, spatial.1.
torch::Tensor dual_spatial(const torch::Tensor& x, const Weights& weights,
                           const SplitWindows& windows);

/// The same between the channels of each head. Weights: "temperature" [heads,1,1] for the biases.
torch::Tensor dual_channel(const torch::Tensor& x, const Weights& weights);

}  // namespace sisr::nn::attention
