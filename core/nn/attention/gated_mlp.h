/// The feed-forward network of DAT, and of those after it, of which a convolution of one half of
/// the channels weighs the other.
#pragma once

#include "nn/attention/attention.h"

namespace sisr::nn::attention {

/// x + fc2(value * depthwise(norm(gate))) of a map [h,w,C], value and gate being GELU of linear
/// layers of what `norm` makes of x (Chen et al. 2023, "Dual Aggregation Transformer", section
/// 3.3). Weights: `norm`, and below `name`: value, gate, sg.norm, sg.conv, fc2.
torch::Tensor gated_mlp(const torch::Tensor& x, const Weights& weights, const std::string& norm,
                        const std::string& name);

}  // namespace sisr::nn::attention
