#include "objectives/losses/adversarial.h"

namespace sisr::training {
namespace {

torch::Tensor cross_entropy(const torch::Tensor& logits, double label) {
    return torch::binary_cross_entropy_with_logits(logits, torch::full_like(logits, label));
}

}  // namespace

torch::Tensor discriminator_loss(AdversarialLoss kind, const torch::Tensor& real,
                                 const torch::Tensor& made, double real_label) {
    if (kind == AdversarialLoss::bce) {
        return 0.5 * (cross_entropy(real, real_label) + cross_entropy(made, 0));
    }
    return 0.5 *
           (cross_entropy(real - made.mean(), real_label) + cross_entropy(made - real.mean(), 0));
}

torch::Tensor generator_loss(AdversarialLoss kind, const torch::Tensor& real,
                             const torch::Tensor& made) {
    if (kind == AdversarialLoss::bce) return cross_entropy(made, 1);
    return 0.5 * (cross_entropy(real - made.mean(), 0) + cross_entropy(made - real.mean(), 1));
}

double discriminator_accuracy(AdversarialLoss kind, const torch::Tensor& real,
                              const torch::Tensor& made) {
    const torch::NoGradGuard no_grad;
    const bool is_relative = kind == AdversarialLoss::relativistic;
    const auto of_real = is_relative ? real - made.mean() : real;
    const auto of_made = is_relative ? made - real.mean() : made;
    return 0.5 * ((of_real > 0).to(torch::kFloat64).mean().item<double>() +
                  (of_made <= 0).to(torch::kFloat64).mean().item<double>());
}

}  // namespace sisr::training
