/// The transformer block with shifted windows (Liu et al. 2021, "Swin Transformer", section 3.2)
/// as SwinIR has it, and networks after it.
#pragma once

#include "nn/attention/attention.h"

namespace sisr::nn {

struct SwinBlock {
    int window = 8;
    int shift = 0;
    int heads = 6;
};

/// x + attention(norm1(x)) + extra, and then that + mlp(norm2(that)); maps [N,h,w,C], whose sides
/// are multiples of the window. extra may be undefined. Weights: norm1, attn.qkv, attn.proj, norm2,
/// mlp.fc1, mlp.fc2, and "bias" as of attention::relative_bias().
torch::Tensor swin_block(const torch::Tensor& x, const torch::Tensor& extra,
                         const Custom::Weights& weights, const SwinBlock& block);

}  // namespace sisr::nn
