#include "nn/module_tensors.h"

#include <sisr/error.h>

namespace sisr {

Tensors module_tensors(const torch::nn::Module& module) {
    Tensors tensors;
    for (const auto& item : module.named_parameters()) tensors[item.key()] = item.value();
    for (const auto& item : module.named_buffers()) tensors[item.key()] = item.value();
    return tensors;
}

void load_tensors(torch::nn::Module& module, const Tensors& tensors) {
    const torch::NoGradGuard no_grad;
    const auto fail = [](const std::string& name, const std::string& reason) {
        throw Error(ErrorKind::bad_model, "model", "tensor \"" + name + "\" " + reason);
    };
    Tensors own = module_tensors(module);
    for (auto& [name, target] : own) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) fail(name, "is missing");
        const torch::Tensor& source = found->second;
        if (source.sizes() != target.sizes()) fail(name, "has the wrong shape");
        if (source.is_floating_point() && !torch::isfinite(source).all().item<bool>()) {
            fail(name, "holds NaN or Inf");
        }
        target.copy_(source);
    }
    for (const auto& item : tensors) {
        if (own.count(item.first) == 0) fail(item.first, "does not belong to the network");
    }
}

}  // namespace sisr
