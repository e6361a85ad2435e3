/// Blur kernels and their application. The border is mirrored, the edge repeated.
#pragma once

#include <sisr/image.h>

#include <vector>

namespace sisr::training {

/// (2*radius+1)^2 weights that sum to 1, row by row.
struct BlurKernel {
    int radius = 0;
    std::vector<float> weights;
};

/// A Gaussian with these standard deviations in pixels along two axes, turned by `angle` radians.
BlurKernel gaussian_kernel(double sigma_x, double sigma_y, double angle);

/// The ideal low-pass filter of two dimensions, cut off at `cutoff` radians per pixel: it rings, as
/// sharpening and some scalers do (Wang et al. 2021, equation 6).
BlurKernel sinc_kernel(double cutoff, int radius);

Image blur(const Image& image, const BlurKernel& kernel);

/// The same as blur(image, gaussian_kernel(sigma, sigma, 0)), faster.
Image gaussian_blur(const Image& image, double sigma);

}  // namespace sisr::training
