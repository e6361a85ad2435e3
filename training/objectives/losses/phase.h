/// Against patterns that are locked to the grid of the enlargement.
#pragma once

#include <torch/torch.h>

namespace sisr::training {

/// What is finer than an input pixel, x - bilinear(mean of scale x scale), cut into its
/// scale*scale phases (PixelUnshuffle), each phase averaged over windows of 8x8 input pixels; the
/// mean absolute difference of both images' averages, a scalar. A weave or checkerboard of the
/// enlargement's period has such averages, texture has none, so that detail costs nothing.
/// Both [N,C,h,w] in [0,1], h and w multiples of the scale; 0 at scale 1, which has no phases.
torch::Tensor phase_loss(const torch::Tensor& result, const torch::Tensor& truth, int scale);

}  // namespace sisr::training
