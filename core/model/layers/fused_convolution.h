/// A convolution and what follows it in one pass over memory, on the CPU.
#pragma once

#include <torch/torch.h>

#include <memory>

namespace sisr {

/// Stride 1, zero padding that keeps the size, odd square kernel. oneDNN computes; libtorch's own
/// modules use it too, but reorder the weights at each call and take a pass of their own for every
/// activation and addition.
class FusedConvolution {
public:
    enum class Then {
        nothing,
        relu,
        add  ///< to what the output already holds
    };

    /// weight [O,C,k,k], bias [O], float32; precision: of inputs and outputs, float32 or bfloat16.
    FusedConvolution(const torch::Tensor& weight, const torch::Tensor& bias,
                     torch::ScalarType precision, Then then);
    ~FusedConvolution();
    FusedConvolution(FusedConvolution&&) noexcept;
    FusedConvolution& operator=(FusedConvolution&&) noexcept;

    /// input [N,C,h,w], output [N,O,h,w], both channels-last and of the precision. What a shape
    /// needs is made at its first use. Threads take turns.
    void run(const torch::Tensor& input, torch::Tensor& output) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sisr
