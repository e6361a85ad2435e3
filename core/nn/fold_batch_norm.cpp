#include "nn/fold_batch_norm.h"

#include <sisr/error.h>

namespace sisr {
namespace {

torch::Tensor take(Tensors& tensors, const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
        throw Error(ErrorKind::bad_model, "model", "tensor \"" + name + "\" is missing");
    }
    auto tensor = found->second;
    tensors.erase(found);
    return tensor.to(torch::kFloat64);
}

}  // namespace

void fold_batch_norm(Tensors& tensors, const std::string& convolution, const std::string& norm) {
    const auto weight = take(tensors, convolution + ".weight");
    const auto gain = take(tensors, norm + ".weight");
    const auto beta = take(tensors, norm + ".bias");
    const auto mean = take(tensors, norm + ".running_mean");
    const auto variance = take(tensors, norm + ".running_var");
    tensors.erase(norm + ".num_batches_tracked");
    const bool has_bias = tensors.count(convolution + ".bias") != 0;
    const auto bias = has_bias ? take(tensors, convolution + ".bias") : torch::zeros_like(mean);
    if (weight.dim() != 4 || gain.sizes() != weight.sizes().slice(0, 1) ||
        beta.sizes() != gain.sizes() || mean.sizes() != gain.sizes() ||
        variance.sizes() != gain.sizes() || bias.sizes() != gain.sizes()) {
        throw Error(ErrorKind::bad_model, "model", "tensors of \"" + norm + "\" have wrong shapes");
    }

    const auto factor = gain / (variance + kBatchNormEpsilon).sqrt();
    tensors[convolution + ".weight"] = (weight * factor.view({-1, 1, 1, 1})).to(torch::kFloat32);
    tensors[convolution + ".bias"] = ((bias - mean) * factor + beta).to(torch::kFloat32);
}

}  // namespace sisr
