/// A program on whole maps by libtorch: what the other executor is tested against, what a GPU runs,
/// and what can be trained.
#pragma once

#include "nn/program.h"

#include <functional>

namespace sisr::nn {

/// input [N,C,h,w] to [N,C',scale*h,scale*w], on the device of the input and the program's tensors
/// (which are all of one floating-point type; the input may be of another). Differentiable by the
/// input and the tensors. on_layer is told how much of the multiply-adds is done, from 0 to 1.
torch::Tensor run_reference(
    const Program& program, const torch::Tensor& input,
    const std::function<void(double share)>& on_share = [](double) {});

/// The same program with its tensors there, in that type.
Program moved(const Program& program, torch::Device device, torch::ScalarType type);

}  // namespace sisr::nn
