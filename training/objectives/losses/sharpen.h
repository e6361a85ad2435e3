/// The sharpened truth of Real-ESRGAN.
#pragma once

#include <torch/torch.h>

namespace sisr::training {

/// pixels, of the unsharp mask in Real-ESRGAN's code
constexpr double kSharpenSigma = 8;

/// Unsharp mask (Wang et al. 2021, Real-ESRGAN, section 3.4 and its code): image + strength *
/// (image - Gaussian) where that difference is above 10 of 255, the mask softened by the same
/// Gaussian. [N,3,h,w] in [0,1], as the result; strength 0 gives the image itself. sigma: of the
/// Gaussian, 1 pixel or more; 8 raises contrast, 2 crispness.
torch::Tensor sharpened(const torch::Tensor& image, double strength, double sigma = kSharpenSigma);

/// A Gaussian. From 4 pixels on it is run on means of 4x4, since a wide one is as good there: to
/// 0.5 of 255 on photographs. [N,C,h,w].
torch::Tensor wide_blur(const torch::Tensor& image, double sigma = kSharpenSigma);

}  // namespace sisr::training
