/// The transformer block with shifted windows as its authors changed it (Liu et al. 2022, "Swin
/// Transformer V2", section 3.2): scores are cosines, and norms come last.
#pragma once

#include "nn/attention/swin.h"

namespace sisr::nn {

/// What is added for each pair of places of a window, [heads, L, L], as two linear layers make it
/// of the logarithms of their distances: first [H, 2] with a bias [H], second [heads, H]. The
/// window's side is 2 at least.
torch::Tensor continuous_bias(const torch::Tensor& first, const torch::Tensor& first_bias,
                              const torch::Tensor& second, int window);

/// x + norm1(attention(x)), and then that + norm2(mlp(that)); maps [N,h,w,C], whose sides are
/// multiples of the window. Weights: attn.qkv, attn.proj, norm1, norm2, mlp.fc1, mlp.fc2, "scale"
/// [heads, 1, 1], and "bias" as of continuous_bias().
torch::Tensor cosine_block(const torch::Tensor& x, const Custom::Weights& weights,
                           const SwinBlock& block);

}  // namespace sisr::nn
