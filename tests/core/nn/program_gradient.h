/// On which input pixels an output pixel depends, as autograd finds it.
#pragma once

#include "nn/program.h"
#include "nn/program_facts.h"
#include "nn/run_reference.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstdint>

namespace sisr::test {

/// The same layers with positive weights in float64: whatever way a pixel's change takes, nothing
/// cancels it, and nothing is rounded away. (Not all alike: a norm makes nothing of equal
/// channels.)
inline nn::Program with_visible_weights(const nn::Program& program) {
    nn::Program visible = program;
    for (nn::Layer& layer : visible.layers) {
        if (auto* convolution = std::get_if<nn::Convolution>(&layer.operation)) {
            auto& weight = convolution->weight;
            const auto sum = static_cast<double>(weight[0].numel());
            weight = (torch::rand_like(weight, torch::kFloat64) + 0.5) / sum;
            convolution->bias = torch::zeros_like(convolution->bias, torch::kFloat64);
        } else if (auto* activate = std::get_if<nn::Activate>(&layer.operation)) {
            if (activate->slopes.defined()) activate->slopes = activate->slopes.to(torch::kFloat64);
        } else if (auto* norm = std::get_if<nn::ChannelNorm>(&layer.operation)) {
            norm->weight = torch::ones_like(norm->weight, torch::kFloat64);
            norm->bias = torch::zeros_like(norm->bias, torch::kFloat64);
        } else if (auto* affine = std::get_if<nn::Affine>(&layer.operation)) {
            affine->factor = torch::ones_like(affine->factor, torch::kFloat64);
            affine->offset = torch::zeros_like(affine->offset, torch::kFloat64);
        } else if (auto* sum = std::get_if<nn::Sum>(&layer.operation)) {
            *sum = {1, 1};
        }
    }
    return visible;
}

/// The furthest, in rows or columns, that any output pixel of one period reaches in the input:
/// changing that pixel by little changes it.
inline int measured_radius(const nn::Program& program) {
    const nn::Program visible = with_visible_weights(program);
    const std::int64_t multiple = nn::alignment(program);
    const std::int64_t scale = nn::scale(program);
    const std::int64_t middle = (nn::radius(program) + 2) / multiple * multiple + multiple;
    const std::int64_t size = 2 * middle + multiple;
    const auto input =
        torch::rand({1, program.layers.front().channels, size, size}, torch::kFloat64)
            .add_(0.5)
            .set_requires_grad(true);
    const auto output = nn::run_reference(visible, input);
    std::int64_t most = 0;
    for (std::int64_t phase = 0; phase < scale * multiple; ++phase) {
        const std::int64_t place = scale * middle + phase;
        const auto gradient =
            torch::autograd::grad({output[0].select(1, place).select(1, place).sum()}, {input}, {},
                                  /*retain_graph=*/true)[0];
        const auto seen = gradient[0].abs().sum(0).nonzero() - place / scale;
        most = std::max(most, seen.abs().max().item<std::int64_t>());
    }
    return static_cast<int>(most);
}

}  // namespace sisr::test
