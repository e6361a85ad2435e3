/// A convolution that may be trained, the fastest way that there is for it.
#pragma once

#include <torch/torch.h>

namespace sisr {

/// What the layer's forward() gives, [N,C,h,w] to [N,O,h,w], differentiable by input, weight and
/// bias. A 3x3 convolution of float32 on the CPU whose input is dense with channels last is done,
/// forward and back, by our Winograd loops where they suit; rounding then differs by some 1e-6 of
/// the values.
torch::Tensor convolve(torch::nn::Conv2d& layer, const torch::Tensor& input);

}  // namespace sisr
