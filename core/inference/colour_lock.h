/// Keeps a generative network from changing brightness and hue.
#pragma once

#include <torch/torch.h>

namespace sisr {

/// Input pixels each way that the lock looks at beyond the pixel that it corrects.
constexpr int kColourLockReach = 13;

/// Adds to `output` [N,C,s*h,s*w] the low frequencies of what it lacks of `input` [N,C,h,w]: the
/// difference of the input and the output reduced by area, blurred (Gaussian of 4 input pixels,
/// renormalised at the border) and enlarged. Both display-encoded, float32. Changes `output`
/// itself.
torch::Tensor lock_colour(const torch::Tensor& input, torch::Tensor output);

}  // namespace sisr
