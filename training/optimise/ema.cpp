#include "optimise/ema.h"

#include "nn/module_tensors.h"

#include <algorithm>

namespace sisr::training {

Ema::Ema(const torch::nn::Module& module, double decay) : decay_(decay) {
    for (const auto& [name, tensor] : module_tensors(module)) {
        tensors_[name] = tensor.detach().clone();
    }
}

void Ema::update(const torch::nn::Module& module) {
    const torch::NoGradGuard no_grad;
    const auto n = static_cast<double>(updates_++);
    const double decay = std::min(decay_, (1 + n) / (10 + n));
    for (const auto& [name, tensor] : module_tensors(module)) {
        torch::Tensor& average = tensors_.at(name);
        if (tensor.is_floating_point() && tensor.requires_grad()) {
            average.lerp_(tensor, 1 - decay);
        } else {
            average.copy_(tensor);
        }
    }
}

void Ema::restore(const Tensors& tensors, std::int64_t updates) {
    for (auto& [name, average] : tensors_) average.copy_(tensors.at(name));
    updates_ = updates;
}

}  // namespace sisr::training
