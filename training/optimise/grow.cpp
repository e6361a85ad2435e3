#include "optimise/grow.h"

#include <torch/torch.h>

#include <algorithm>

namespace sisr::training {
namespace {

/// Whether `known` fits into a corner of `fresh`: more channels are welcome, other kernels are not.
bool fits_into(const torch::Tensor& known, const torch::Tensor& fresh) {
    if (known.dim() != fresh.dim() || known.dim() == 0) return false;
    for (std::int64_t i = 0; i < known.dim(); ++i) {
        const bool is_kernel = i >= 2;
        if (is_kernel ? known.size(i) != fresh.size(i) : known.size(i) > fresh.size(i)) {
            return false;
        }
    }
    return true;
}

torch::Tensor embed(const torch::Tensor& known, const torch::Tensor& fresh) {
    torch::Tensor grown = fresh.detach().clone();
    torch::Tensor rows = grown.slice(0, 0, known.size(0));
    if (known.dim() > 1) {
        rows.zero_();
        rows = rows.slice(1, 0, known.size(1));
    }
    rows.copy_(known);
    return grown;
}

/// The last layer of a residual block: "body.N.conv2." or, where there is a norm, "body.N.bn2.".
bool ends_block(const std::string& name, bool has_norm) {
    const std::string layer = has_norm ? ".bn2." : ".conv2.";
    const bool is_learned = name.find("running") == std::string::npos;
    return name.rfind("body.", 0) == 0 && name.find(layer) != std::string::npos && is_learned;
}

}  // namespace

Tensors grow_weights(const Tensors& fresh, const Tensors& known) {
    const bool has_norm = fresh.count("body.0.bn2.weight") != 0;
    const bool has_body = known.count("body.0.conv2.weight") != 0;
    Tensors grown;
    for (const auto& [name, tensor] : fresh) {
        const auto found = known.find(name);
        if (found == known.end()) {
            const bool starts_as_identity = has_body && ends_block(name, has_norm);
            grown[name] = starts_as_identity ? torch::zeros_like(tensor) : tensor.detach().clone();
        } else if (found->second.sizes() == tensor.sizes()) {
            grown[name] = found->second;
        } else {
            grown[name] = fits_into(found->second, tensor) ? embed(found->second, tensor)
                                                           : tensor.detach().clone();
        }
    }
    return grown;
}

bool can_grow(const Tensors& fresh, const Tensors& known) {
    return std::all_of(known.begin(), known.end(), [&fresh](const auto& item) {
        const auto found = fresh.find(item.first);
        return found != fresh.end() && (found->second.sizes() == item.second.sizes() ||
                                        fits_into(item.second, found->second));
    });
}

}  // namespace sisr::training
