/// The transformer block of permuted self-attention (Zhou et al. 2023, "SRFormer: Permuted
/// Self-Attention for Single Image Super-Resolution", section 3.2): of keys and values each four
/// pixels make one, of a quarter of the channels each, so that windows may be large.
#pragma once

#include "nn/attention/attention.h"

namespace sisr::nn {

struct PermutedBlock {
    int window = 24;  ///< even
    int shift = 0;
    int heads = 6;
};

/// What is added for each pair of a window's pixels and its fours of pixels, [heads, L, L / 4], of
/// a table of (window - 1)^2 relative places of fours.
torch::Tensor permuted_bias(const torch::Tensor& table, int window);

/// x + attention(norm1(x)); maps [N,h,w,C], whose sides are multiples of the window. Weights:
/// norm1, query [C, C], key_value [C / 2, C], proj, and "bias" as of permuted_bias().
torch::Tensor permuted_attention(const torch::Tensor& x, const Custom::Weights& weights,
                                 const PermutedBlock& block);

/// x + fc2(y + GELU(convolution(y))) with y = GELU(fc1(norm2(x))), where the convolution is one for
/// each channel. Weights: norm2, fc1, fc2, convolution [H, 1, k, k].
torch::Tensor convolved_mlp(const torch::Tensor& x, const Custom::Weights& weights);

}  // namespace sisr::nn
