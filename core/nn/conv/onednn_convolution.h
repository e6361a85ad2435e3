/// A convolution and what follows it in one pass over memory, on the CPU.
#pragma once

#include "nn/conv/winograd/kernels.h"

#include <torch/torch.h>

#include <memory>

namespace sisr {

/// Stride 1, odd kernel, zero padding. oneDNN computes, or in float32 where it suits a
/// Winograd convolution of ours. libtorch's own modules use oneDNN too, but reorder the weights at
/// each call and take a pass of their own for every activation and addition.
class OnednnConvolution {
public:
    using Then = winograd::Then;

    /// weight [O,C/groups,kh,kw], bias [O], float32; precision: of inputs and outputs, float32 or
    /// bfloat16.
    OnednnConvolution(const torch::Tensor& weight, const torch::Tensor& bias,
                     torch::ScalarType precision, Then then, int groups = 1, int dilation = 1);
    ~OnednnConvolution();
    OnednnConvolution(OnednnConvolution&&) noexcept;
    OnednnConvolution& operator=(OnednnConvolution&&) noexcept;

    /// Rows that a result depends on each way: dilation*(kh-1)/2.
    std::int64_t reach() const;
    std::int64_t outputs() const;  ///< O

    /// input [h,w,C], dense, to output [h,w,O], or to [h-2*reach,w,O]: then only the rows whose
    /// kernel lies within the input are computed. Both of the precision. What a shape needs is
    /// made at its first use. Safe to call from several threads.
    void run(const torch::Tensor& input, const torch::Tensor& output) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
