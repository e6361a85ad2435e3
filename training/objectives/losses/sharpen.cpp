#include "objectives/losses/sharpen.h"

#include "objectives/losses/enlarge.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

constexpr double kSigma = 8;  // pixels
constexpr double kLeast = 10.0 / 255;
constexpr std::int64_t kReduction = 4;
constexpr std::int64_t kRadius = 6;  // reduced pixels

/// [1,1,1,2*kRadius+1], sum 1. The variances of the mean of 4 pixels and of the bilinear
/// enlargement are part of the whole Gaussian's.
torch::Tensor kernel() {
    const auto reduction = static_cast<double>(kReduction);
    const double of_mean = (reduction * reduction - 1) / 12;
    const double of_bilinear = reduction * reduction / 6;
    const double variance = (kSigma * kSigma - of_mean - of_bilinear) / (reduction * reduction);
    const auto x = torch::arange(-kRadius, kRadius + 1, torch::kFloat32);
    const auto weights = torch::exp(-x.square() / (2 * variance));
    return (weights / weights.sum()).view({1, 1, 1, -1});
}

}  // namespace

torch::Tensor wide_blur(const torch::Tensor& image) {
    const torch::NoGradGuard no_grad;
    const auto reduced = torch::avg_pool2d(image, kReduction, kReduction, 0, true, false);
    // Each channel as an image of its own.
    auto planes = reduced.reshape({-1, 1, reduced.size(2), reduced.size(3)});
    const auto padding =
        F::PadFuncOptions({kRadius, kRadius, kRadius, kRadius}).mode(torch::kReplicate);
    planes = F::pad(planes, padding);
    const auto weights = kernel().to(image.device());
    planes = torch::conv2d(torch::conv2d(planes, weights), weights.transpose(2, 3));
    return enlarge(planes.reshape(reduced.sizes()), image.size(2), image.size(3));
}

torch::Tensor sharpened(const torch::Tensor& image, double strength) {
    if (strength == 0) return image;
    const torch::NoGradGuard no_grad;
    const auto detail = image - wide_blur(image);
    const auto mask = wide_blur((detail.abs() > kLeast).to(torch::kFloat32));
    const auto sharp = (image + strength * detail).clamp(0, 1);
    return image + mask * (sharp - image);
}

}  // namespace sisr::training
