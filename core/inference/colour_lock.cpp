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
    const std::int64_t channels = image.size(1);
    const auto along = [channels](const torch::Tensor& x, bool is_column) {
        const auto options = F::Conv2dFuncOptions().groups(channels).padding(
            is_column ? std::vector<std::int64_t>{kRadius, 0}
                      : std::vector<std::int64_t>{0, kRadius});
        return F::conv2d(x, gaussian(channels, is_column), options);
    };
    const auto whole = [&along](const torch::Tensor& x) { return along(along(x, true), false); };
    // Where the kernel reaches beyond the border there is nothing to weigh.
    return whole(image) / whole(torch::ones_like(image));
}

}  // namespace

torch::Tensor lock_colour(const torch::Tensor& input, const torch::Tensor& output) {
    const std::vector<std::int64_t> small{input.size(2), input.size(3)};
    const std::vector<std::int64_t> large{output.size(2), output.size(3)};
    const auto lacking = input - torch::adaptive_avg_pool2d(output, small);
    auto correction = blur(lacking.contiguous());
    if (large != small) {
        correction = F::interpolate(correction, F::InterpolateFuncOptions()
                                                    .size(large)
                                                    .mode(torch::kBilinear)
                                                    .align_corners(false));
    }
    return output + correction;
}

}  // namespace sisr
