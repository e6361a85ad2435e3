/// An image's samples as a tensor.
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

}  // namespace sisr
