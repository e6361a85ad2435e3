/// A convolution of dense rows by oneDNN, on the CPU.
#pragma once

#include <torch/torch.h>

#include <memory>

namespace sisr {

/// Stride 1, odd kernel, zero padding. libtorch's own modules use oneDNN too, but reorder the
/// weights at each call.
class OnednnConvolution {
public:
    /// weight [O,C/groups,kh,kw], bias [O], float32; precision: of inputs and outputs, float32 or
    /// bfloat16.
    OnednnConvolution(const torch::Tensor& weight, const torch::Tensor& bias,
                      torch::ScalarType precision, int groups = 1, int dilation = 1);
    ~OnednnConvolution();
    OnednnConvolution(OnednnConvolution&&) noexcept;
    OnednnConvolution& operator=(OnednnConvolution&&) noexcept;

    /// input [h,w,C], dense, to output [h,w,O], or to [h-dilation*(kh-1),w,O]: then only the rows
    /// whose kernel lies within the input are computed. Both of the precision. What a shape needs
    /// is made at its first use. Safe to call from several threads.
    void run(const torch::Tensor& input, const torch::Tensor& output) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
