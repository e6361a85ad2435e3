/// Bilinear enlargement as the losses use it.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace sisr::training {

/// [N,C,h,w] to [N,C,height,width], pixels as squares (not their centres at the corners).
inline torch::Tensor enlarge(const torch::Tensor& image, std::int64_t height, std::int64_t width) {
    namespace F = torch::nn::functional;
    return F::interpolate(image, F::InterpolateFuncOptions()
                                     .size(std::vector<std::int64_t>{height, width})
                                     .mode(torch::kBilinear)
                                     .align_corners(false));
}

}  // namespace sisr::training
