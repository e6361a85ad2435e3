/// Keeps a generative network from changing brightness and hue.
#pragma once

#include <torch/torch.h>

namespace sisr {

/// Input pixels each way that the lock looks at beyond the pixel that it corrects.
constexpr int kColourLockReach = 20;

/// Cuts `output` [1,C,s*h,s*w] to [0,1], since what is beyond black and white would be cut off
/// behind the lock and shift the mean, and adds the low frequencies of what it lacks of `input`
/// [1,C,h,w]: the difference of the input and the output reduced by area, blurred (Gaussian of 4
/// input pixels, renormalised at the border) and enlarged. What then lies beyond black and white is
/// added again to the pixels round it (Gaussian of 2). Both display-encoded, float32, s whole.
/// Changes `output` itself where that is dense and channels-last.
torch::Tensor lock_colour(const torch::Tensor& input, torch::Tensor output);

}  // namespace sisr
