/// Products of matrices, softmax and GELU. On the CPU in float32 by oneDNN, where nothing records
/// gradients: libtorch leaves products to whichever BLAS is installed, which may be the reference
/// implementation that takes thirty times as long, and its softmax and GELU take five.
#pragma once

#include <torch/torch.h>

namespace sisr::nn {

/// What follows a product.
enum class After { nothing, gelu };

/// x [..., I] by weight [O, I], turned round, plus bias [O], which may be undefined: [..., O].
torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                     After after = After::nothing);

/// The same into `made` [..., O], whose last dimension is dense.
void linear_into(const torch::Tensor& made, const torch::Tensor& x, const torch::Tensor& weight,
                 const torch::Tensor& bias, After after = After::nothing);

/// a [n, h, M, K] by b [n, h, K, N].
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b);

/// Over the last dimension of a dense tensor, in its place.
void softmax_in_place(torch::Tensor& scores);

torch::Tensor gelu(const torch::Tensor& x);

}  // namespace sisr::nn
