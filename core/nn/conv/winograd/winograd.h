/// 3x3 convolutions in float32 with a quarter of the multiplications.
#pragma once

#include "nn/conv/winograd/kernels.h"

#include <torch/torch.h>

namespace sisr::winograd {

/// Stride 1, zero padding. Rounding differs from a direct sum's by some 1e-6 of the values.
class Convolution {
public:
    /// Whether the loops are there (not null) and take the weight's size and channels.
    static bool suits(const torch::Tensor& weight, const Kernels* kernels);

    /// weight [O,C,3,3] that suits the loops, bias [O], float32; slopes, for Then::slope: [O] or
    /// [1]. The loops must stay.
    Convolution(const torch::Tensor& weight, const torch::Tensor& bias, Then then,
                const Kernels& kernels, const torch::Tensor& slopes = {});

    /// input [N,h,w,C] to output [N,h,w,O], each with channels side by side; or to one of two rows,
    /// or columns, or both less: then only those whose kernel lies within the input are computed.
    /// Safe to call from several threads.
    void run(const torch::Tensor& input, const torch::Tensor& output) const;

private:
    const Kernels* kernels_;
    torch::Tensor weight_;  ///< [36,C,O], transformed
    torch::Tensor bias_;
    torch::Tensor slopes_;
    Then then_;
};

/// The loss's gradient by the weight of a convolution with a padding of 1, from its input [N,h,w,C]
/// and the loss's gradient by its output [N,h,w,O], both dense float32: [O,C,3,3]. The channels
/// suit the loops. The same in every run with the same number of threads.
torch::Tensor weight_gradient(const torch::Tensor& input, const torch::Tensor& output_gradient,
                              const Kernels& kernels);

}  // namespace sisr::winograd
