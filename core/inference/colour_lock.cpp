#include "inference/colour_lock.h"

#include <cmath>

namespace sisr {
namespace {

namespace F = torch::nn::functional;

// Wide enough to leave the network its repair of 8x8 blocks, narrow enough that the mean of 16x16
// pixels follows the input's.
constexpr double kSigma = 4;
constexpr int kRadius = 12;
static_assert(kColourLockReach == kRadius + 1, "bilinear enlargement looks at the next pixel");

/// Weights of each channel by itself, [C,1,size,1] or [C,1,1,size].
torch::Tensor gaussian(std::int64_t channels, bool is_column) {
    auto weights = torch::empty({2 * kRadius + 1});
    for (int i = -kRadius; i <= kRadius; ++i) {
        weights[i + kRadius] = std::exp(-0.5 * i * i / (kSigma * kSigma));
    }
    weights /= weights.sum();
    const auto shaped = is_column ? weights.view({1, 1, -1, 1}) : weights.view({1, 1, 1, -1});
    return shaped.expand({channels, 1, -1, -1}).contiguous();
}

torch::Tensor blur(const torch::Tensor& image) {
    const auto along = [](const torch::Tensor& x, bool is_column) {
        const std::int64_t channels = x.size(1);
        const auto options = F::Conv2dFuncOptions().groups(channels).padding(
            is_column ? std::vector<std::int64_t>{kRadius, 0}
                      : std::vector<std::int64_t>{0, kRadius});
        return F::conv2d(x, gaussian(channels, is_column), options);
    };
    // Where the kernel reaches beyond the border there is nothing to weigh.
    const auto column = along(torch::ones({1, 1, image.size(2), 1}), true);
    const auto row = along(torch::ones({1, 1, 1, image.size(3)}), false);
    return along(along(image, true), false).div_(column).div_(row);
}

}  // namespace

torch::Tensor lock_colour(const torch::Tensor& input, torch::Tensor output) {
    const std::vector<std::int64_t> small{input.size(2), input.size(3)};
    const std::vector<std::int64_t> large{output.size(2), output.size(3)};
    const auto lacking = input - torch::adaptive_avg_pool2d(output, small);
    auto correction = blur(lacking.contiguous()).contiguous(torch::MemoryFormat::ChannelsLast);
    if (large != small) {
        correction = F::interpolate(
            correction,
            F::InterpolateFuncOptions().size(large).mode(torch::kBilinear).align_corners(false));
    }
    return output.add_(correction);
}

}  // namespace sisr
