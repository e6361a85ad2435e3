/// A convolution whose weight, as a matrix, has the largest singular value 1.
#pragma once

#include <torch/torch.h>

namespace sisr::training {

/// Without bias, padded by 1. The singular value is followed by one power iteration for each
/// forward pass in training (Miyato et al. 2018).
class SpectralConv2dImpl : public torch::nn::Module {
public:
    SpectralConv2dImpl(int inputs, int outputs, int kernel, int stride);
    torch::Tensor forward(const torch::Tensor& input);

    /// The weight divided by its largest singular value.
    torch::Tensor normalised_weight() const;

private:
    void iterate();

    int stride_;
    torch::Tensor weight_;
    torch::Tensor left_, right_;  // unit vectors, buffers
};
TORCH_MODULE(SpectralConv2d);

}  // namespace sisr::training
