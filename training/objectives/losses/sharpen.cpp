#include "objectives/losses/sharpen.h"

#include "objectives/losses/enlarge.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

constexpr double kLeast = 10.0 / 255;
constexpr double kWideSigma = 4;  // from which on means are as good
constexpr std::int64_t kReduction = 4;

/// [1,1,1,2*radius+1], sum 1. The variances of the mean of 4 pixels and of the bilinear enlargement
/// are part of the whole Gaussian's.
torch::Tensor kernel(double sigma, std::int64_t reduction) {
    const auto square = static_cast<double>(reduction * reduction);
    const double of_mean = (square - 1) / 12;
    const double of_bilinear = reduction == 1 ? 0 : square / 6;
    const double variance = (sigma * sigma - of_mean - of_bilinear) / square;
    const auto radius = static_cast<std::int64_t>(std::ceil(3 * std::sqrt(variance)));
    const auto x = torch::arange(-radius, radius + 1, torch::kFloat32);
    const auto weights = torch::exp(-x.square() / (2 * variance));
    return (weights / weights.sum()).view({1, 1, 1, -1});
}

}  // namespace

torch::Tensor wide_blur(const torch::Tensor& image, double sigma) {
    const torch::NoGradGuard no_grad;
    const std::int64_t reduction = sigma < kWideSigma ? 1 : kReduction;
    const auto reduced =
        reduction == 1 ? image : torch::avg_pool2d(image, reduction, reduction, 0, true, false);
    const auto weights = kernel(sigma, reduction).to(image.device());
    const std::int64_t radius = weights.size(3) / 2;
    // Each channel as an image of its own.
    auto planes = reduced.reshape({-1, 1, reduced.size(2), reduced.size(3)});
    const auto padding =
        F::PadFuncOptions({radius, radius, radius, radius}).mode(torch::kReplicate);
    planes = F::pad(planes, padding);
    planes = torch::conv2d(torch::conv2d(planes, weights), weights.transpose(2, 3));
    const auto blurred = planes.reshape(reduced.sizes());
    return reduction == 1 ? blurred : enlarge(blurred, image.size(2), image.size(3));
}

torch::Tensor sharpened(const torch::Tensor& image, double strength, double sigma) {
    if (strength == 0) return image;
    const torch::NoGradGuard no_grad;
    const auto detail = image - wide_blur(image, sigma);
    const auto mask = wide_blur((detail.abs() > kLeast).to(torch::kFloat32), sigma);
    const auto sharp = (image + strength * detail).clamp(0, 1);
    return image + mask * (sharp - image);
}

}  // namespace sisr::training
