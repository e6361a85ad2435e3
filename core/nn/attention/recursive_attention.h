/// The two attentions of the Recursive Generalization Transformer (Chen et al. 2024, section 3.2):
/// between the pixels of a window, and of each pixel to a map that is made of the whole picture.
#pragma once

#include "nn/attention/split_windows.h"

namespace sisr::nn::attention {

/// x [h,w,C] + attention(norm1(x)), with a convolution of the values added to it. Weights: norm1,
/// attn.qkv, attn.proj, "bias.0", "bias.1", get_v.
torch::Tensor local_attention(const torch::Tensor& x, const Weights& weights,
                              const SplitWindows& windows);

/// The same to what the picture comes to, some 16 to 63 pixels a side. Weights: norm1, reduction1
/// [C,1,4,4], dwconv, conv, norm_act.0, q, k, v, cpe, attn.proj.
torch::Tensor recursive_attention(const torch::Tensor& x, const Weights& weights,
                                  std::int64_t heads);

}  // namespace sisr::nn::attention
