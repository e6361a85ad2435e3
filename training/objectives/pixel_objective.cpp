#include "objectives/pixel_objective.h"

#include "engine/image_tensor.h"
#include "engine/self_ensemble.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

// Added to an input's error: what rounding to 8 bits costs, or less, is no error.
constexpr double kLeastError = 0.5 / 255;

// Added to a squared error, so that flat patches, which are right to a level or two, do not rule.
constexpr double kLeastSquare = (2.0 / 255) * (2.0 / 255);

constexpr double kLumaShare = 0.8;

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

torch::Tensor log_error(const torch::Tensor& made, const torch::Tensor& truth) {
    const auto difference = made - truth;
    const auto of_colours = difference.square().mean({1, 2, 3});
    const auto of_luma = luma(difference).square().mean({1, 2, 3});
    const auto square = kLumaShare * of_luma + (1 - kLumaShare) * of_colours;
    return (square + kLeastSquare).log().mean();
}

}  // namespace

torch::Tensor pixel_loss(PixelLoss loss, const torch::Tensor& made, const torch::Tensor& truth,
                         const torch::Tensor& lr) {
    if (loss == PixelLoss::mae) return torch::l1_loss(made, truth);
    if (loss == PixelLoss::psnr) return log_error(made, truth);
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
    const auto lr = batch.lr.to(device, kInBackground);
    const auto truth = batch.hr.to(device, kInBackground);
    const auto orientation = static_cast<int>(generator_.updates() % kOrientations);
    const auto target = teacher_.target(lr, truth, orientation);
    const auto made = generator_.forward(lr);
    const auto loss = pixel_loss(loss_, made, target, lr);
    loss.backward();
    const double norm = generator_.learner().gradient(loss);
    Losses losses{{"mae", loss.item<double>()}, {"gradient", norm}};
    if (loss_ == PixelLoss::psnr) {
        losses["log_error"] = losses["mae"];
        losses["mae"] = torch::l1_loss(made.detach(), target).item<double>();
    }
    if (teacher_.network) {
        losses["truth_mae"] = torch::l1_loss(made.detach(), truth).item<double>();
    }
    // The gradient is the same in every process, so all decide alike.
    if (std::isfinite(norm)) {
        generator_.update(rate);
    } else {
        generator_.learner().discard();
    }
    return losses;
}

}  // namespace sisr::training
