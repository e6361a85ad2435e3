/// A program on whole maps by libtorch: what the other executor is tested against, what a GPU runs,
/// and what can be trained.
#pragma once

#include "nn/program.h"

#include <functional>

namespace sisr::nn {

/// input [N,C,h,w] to [N,C',scale*h,scale*w], on the device of the input and the program's tensors.
/// A convolution computes in the type of its weight; the result is of the last values' type, which
/// is the input's where the input (enlarged) is added. A size that is no multiple of the alignment
/// is padded at the right and below, by reflection or, where the picture is too small for that, by
/// its last pixels. Differentiable by the input and the tensors. on_share is told how much of the
/// multiply-adds is done, from 0 to 1.
torch::Tensor run_reference(
    const Program& program, const torch::Tensor& input,
    const std::function<void(double share)>& on_share = [](double) {});

/// [N,C,h,w] with sizes that are multiples: padded by reflection at its right and lower border,
/// along an axis too short for that by its last pixels.
torch::Tensor pad_to_multiple(const torch::Tensor& input, std::int64_t multiple);

/// The same program with its tensors there, in that type; but factors and offsets by channel, and a
/// last convolution whose result is the picture itself, are float32: the 8 bits of a bf16 mantissa
/// would band it.
Program moved(const Program& program, torch::Device device, torch::ScalarType type);

}  // namespace sisr::nn
