#include "objectives/losses/phase.h"

#include "objectives/losses/enlarge.h"

#include <algorithm>

namespace sisr::training {
namespace {

constexpr std::int64_t kWindow = 8;  // input pixels

torch::Tensor phase_means(const torch::Tensor& image, int scale) {
    const auto coarse = enlarge(torch::avg_pool2d(image, scale), image.size(2), image.size(3));
    const auto phases = torch::pixel_unshuffle(image - coarse, scale);
    const std::int64_t window = std::min({kWindow, phases.size(2), phases.size(3)});
    return torch::avg_pool2d(phases, window, std::max<std::int64_t>(1, window / 2));
}

}  // namespace

torch::Tensor phase_loss(const torch::Tensor& result, const torch::Tensor& truth, int scale) {
    if (scale == 1) return torch::zeros({}, result.options());
    // Both are linear, so the difference goes through once.
    return phase_means(result - truth, scale).abs().mean();
}

}  // namespace sisr::training
