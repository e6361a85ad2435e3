/// Networks whose behaviour is known.
#pragma once

#include "nn/network.h"

#include <functional>
#include <utility>

namespace sisr::test {

/// Calls a function.
class FakeNetwork final : public Network {
public:
    using Function = std::function<torch::Tensor(const torch::Tensor&)>;
    explicit FakeNetwork(Function function) : function_(std::move(function)) {}
    torch::Tensor forward(const torch::Tensor& input) const override { return function_(input); }

private:
    Function function_;
};

inline torch::Tensor enlarge_nearest(const torch::Tensor& input, int scale) {
    return input.repeat_interleave(scale, 2).repeat_interleave(scale, 3);
}

inline NetworkTraits fake_traits(int scale, int radius) {
    NetworkTraits traits;
    traits.scale = scale;
    traits.radius = radius;
    traits.activation_values_per_pixel = 16;
    return traits;
}

}  // namespace sisr::test
