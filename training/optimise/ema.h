/// Exponential moving average of a module's weights.
#pragma once

#include "formats/tensors.h"

#include <torch/torch.h>

namespace sisr::training {

/// average += (1 - decay) * (value - average) after each step. Early on the decay is
/// min(decay, (1 + n) / (10 + n)), so that the random start is forgotten. Buffers are copied.
class Ema {
public:
    Ema(const torch::nn::Module& module, double decay);

    void update(const torch::nn::Module& module);

    const Tensors& tensors() const { return tensors_; }
    std::int64_t updates() const { return updates_; }
    void restore(const Tensors& tensors, std::int64_t updates);

private:
    Tensors tensors_;
    double decay_;
    std::int64_t updates_ = 0;
};

}  // namespace sisr::training
