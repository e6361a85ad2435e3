/// An image's samples as a tensor, and their luma.
#pragma once

#include <sisr/image.h>

#include <torch/torch.h>

namespace sisr {

/// [1,C,h,w] float32: a view, since interleaved rows are channels-last already. The image must
/// stay.
inline torch::Tensor view_as_tensor(const Image& image) {
    auto* samples = const_cast<float*>(image.samples().data());
    return torch::from_blob(samples, {1, image.height(), image.width(), image.channels()})
        .permute({0, 3, 1, 2});
}

/// BT.601 luma [N,1,h,w] of 1 or 3 colours [N,C,h,w], in their unit; it is linear in them.
inline torch::Tensor luma(const torch::Tensor& colours) {
    if (colours.size(1) == 1) return colours;
    const auto weights = torch::tensor({0.299F, 0.587F, 0.114F}, colours.device());
    return (colours * weights.view({1, 3, 1, 1})).sum(1, /*keepdim=*/true);
}

}  // namespace sisr
