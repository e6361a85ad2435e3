/// Convolutions of rows, each by the fastest way that there is for it.
#pragma once

#include "nn/strips/rows.h"

#include <torch/torch.h>

#include <memory>

namespace sisr::nn {

/// What is convolved, and what follows in the same pass: at most one of slopes and `adds`.
struct RowConvolutionSpec {
    torch::Tensor weight;  ///< [O, C/groups, kh, kw], float32, odd
    torch::Tensor bias;    ///< [O], float32
    torch::Tensor slopes;  ///< [1] or [O]: of what is below zero; undefined: none
    bool adds = false;     ///< to what the output already holds
    int groups = 1;
    int dilation = 1;
    torch::ScalarType input_type = torch::kFloat32;  ///< float32 or bfloat16
    torch::ScalarType output_type = torch::kFloat32;
};

class RowConvolution {
public:
    RowConvolution() = default;
    RowConvolution(const RowConvolution&) = delete;
    RowConvolution& operator=(const RowConvolution&) = delete;
    virtual ~RowConvolution() = default;

    /// input: from the first row that the kernel of the output's first row reads; its margin is at
    /// least the kernel's reach. count: rows of the output. Safe to call from several threads.
    virtual void run(const Rows& input, const Rows& output, std::int64_t count) const = 0;
};

/// Winograd's way for 3x3 in float32 where the channels suit, our loops on matrix tiles for bf16,
/// else oneDNN.
std::unique_ptr<RowConvolution> make_row_convolution(const RowConvolutionSpec& spec);

}  // namespace sisr::nn
