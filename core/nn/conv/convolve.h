/// A convolution that may be trained, the fastest way that there is for it.
#pragma once

#include <torch/torch.h>

namespace sisr {

/// torch::conv2d of input [N,C,h,w], weight [O,C,k,k] and bias [O] or none, differentiable by each.
/// A 3x3 convolution of float32 on the CPU with stride 1 and padding 1 whose input is dense with
/// channels last is done, forward and back, by our Winograd loops where they suit; one of 5x5 or
/// more to less than 8 outputs, of the same size, as a sum of its rows. Rounding then differs by
/// some 1e-6 of the values.
torch::Tensor convolve(const torch::Tensor& input, const torch::Tensor& weight,
                       const torch::Tensor& bias, std::int64_t stride = 1,
                       std::int64_t padding = 1);

}  // namespace sisr
