/// SRResNet, the generator of SRGAN (Ledig et al. 2017, figure 4), and the compact form of the same
/// family that runs fast on a CPU.
#pragma once

#include "architectures/srresnet/settings.h"
#include "nn/network.h"

namespace sisr {

/// One residual block: convolution, (norm,) activation, convolution, (norm,) plus input.
class ResidualBlockImpl : public torch::nn::Module {
public:
    explicit ResidualBlockImpl(const SrResNetSettings& settings);
    torch::Tensor forward(const torch::Tensor& input);
    /// Between its two convolutions.
    torch::Tensor inner(const torch::Tensor& input);

private:
    torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
    torch::nn::BatchNorm2d bn1_{nullptr}, bn2_{nullptr};
    torch::nn::PReLU act_{nullptr};
};
TORCH_MODULE(ResidualBlock);

/// Input [N,C,h,w] float32, display-encoded [0,1]; output [N,C,scale*h,scale*w], float32 where
/// there is an input skip. The layers may be of a lower precision than the input.
class SrResNetImpl : public torch::nn::Module {
public:
    explicit SrResNetImpl(const SrResNetSettings& settings);
    torch::Tensor forward(const torch::Tensor& input);

    /// [N, 2*channels] float32: the logarithm of the mean of each channel's positive values, inside
    /// the residual block halfway and the last one.
    torch::Tensor describe(const torch::Tensor& input);

    const SrResNetSettings& settings() const { return settings_; }

private:
    torch::Tensor head(const torch::Tensor& input);
    torch::Tensor upsample(torch::Tensor features);
    torch::Tensor shuffle_with_skip(const torch::Tensor& residual,
                                    const torch::Tensor& input) const;

    SrResNetSettings settings_;
    torch::nn::Conv2d head_{nullptr}, trunk_{nullptr}, tail_{nullptr};
    torch::nn::PReLU head_act_{nullptr};
    torch::nn::BatchNorm2d trunk_bn_{nullptr};
    torch::nn::ModuleList body_{nullptr}, upsample_{nullptr}, upsample_act_{nullptr};
};
TORCH_MODULE(SrResNet);

const LegacyArchitecture& srresnet_architecture();

}  // namespace sisr
