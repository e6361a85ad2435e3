#include "objectives/teacher.h"

#include "engine/self_ensemble.h"

namespace sisr::training {

torch::Tensor Teacher::target(const torch::Tensor& lr, const torch::Tensor& truth,
                              int orientation) const {
    if (!network) return truth;
    const torch::NoGradGuard no_grad;
    const auto taught = forward_oriented(*network, lr, orientation).to(truth.device());
    return truth + share * (taught - truth);
}

}  // namespace sisr::training
