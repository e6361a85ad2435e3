#include "pixel_objective.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

// Added to an input's error: what rounding to 8 bits costs, or less, is no error.
constexpr double kLeastError = 0.5 / 255;

torch::Tensor error_of_each(const torch::Tensor& made, const torch::Tensor& truth) {
    return (made - truth).abs().mean({1, 2, 3});
}

torch::Tensor enlarge(const torch::Tensor& lr, const torch::Tensor& like) {
    if (lr.sizes() == like.sizes()) return lr;
    return F::interpolate(lr, F::InterpolateFuncOptions()
                                  .size(std::vector<std::int64_t>{like.size(2), like.size(3)})
                                  .mode(torch::kBilinear)
                                  .align_corners(false));
}

}  // namespace

torch::Tensor weighted_mae(Weighting weighting, const torch::Tensor& made,
                           const torch::Tensor& truth, const torch::Tensor& lr) {
    if (weighting == Weighting::even) return torch::l1_loss(made, truth);
    const auto weights = 1 / (error_of_each(enlarge(lr, truth), truth) + kLeastError);
    return (weights / weights.mean() * error_of_each(made, truth)).mean();
}

bool is_finite(const Losses& losses) {
    return std::all_of(losses.begin(), losses.end(),
                       [](const auto& item) { return std::isfinite(item.second); });
}

Losses PixelObjective::step(const Batch& batch, double rate) {
    generator_.learner().begin();
    const auto device = generator_.device();
    const auto loss = weighted_mae(weighting_, generator_.forward(batch.lr), batch.hr.to(device),
                                   batch.lr.to(device));
    loss.backward();
    const double norm = generator_.learner().gradient(loss);
    const Losses losses{{"mae", loss.item<double>()}, {"gradient", norm}};
    // The gradient is the same in every process, so all decide alike.
    if (std::isfinite(norm)) {
        generator_.update(rate);
    } else {
        generator_.learner().discard();
    }
    return losses;
}

}  // namespace sisr::training
