#include "objectives/spectral_norm.h"

#include "nn/conv/convolve.h"

namespace sisr::training {
namespace {

constexpr int kWarmUp = 15;  // iterations from a random start

torch::Tensor unit(const torch::Tensor& vector) {
    return torch::nn::functional::normalize(vector,
                                            torch::nn::functional::NormalizeFuncOptions().dim(0));
}

}  // namespace

SpectralConv2dImpl::SpectralConv2dImpl(int inputs, int outputs, int kernel, int stride)
    : stride_(stride) {
    // The initial values of torch's own convolution.
    const torch::nn::Conv2d plain(torch::nn::Conv2dOptions(inputs, outputs, kernel).bias(false));
    weight_ = register_parameter("weight", plain->weight.detach().clone());
    left_ = register_buffer("left", unit(torch::randn({outputs})));
    right_ = register_buffer("right", unit(torch::randn({weight_.numel() / outputs})));
    for (int i = 0; i < kWarmUp; ++i) iterate();
}

torch::Tensor SpectralConv2dImpl::forward(const torch::Tensor& input) {
    if (is_training()) iterate();
    return convolve(input, normalised_weight(), {}, stride_);
}

torch::Tensor SpectralConv2dImpl::normalised_weight() const {
    // Clones: a later iteration must not change what this pass will need going backwards.
    const auto matrix = weight_.flatten(1);
    const auto value = torch::dot(left_.clone(), torch::mv(matrix, right_.clone()));
    return weight_ / value;
}

void SpectralConv2dImpl::iterate() {
    const torch::NoGradGuard no_grad;
    const auto matrix = weight_.flatten(1);
    right_.copy_(unit(torch::mv(matrix.t(), left_)));
    left_.copy_(unit(torch::mv(matrix, right_)));
}

}  // namespace sisr::training
