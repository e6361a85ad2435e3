#include "degradation/blur.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kReachInSigmas = 3;
constexpr int kMaxRadius = 10;  // the published kernels have at most 21x21 weights

int gaussian_radius(double sigma) {
    return std::clamp(static_cast<int>(std::ceil(kReachInSigmas * sigma)), 1, kMaxRadius);
}

void normalise(std::vector<float>& weights) {
    double sum = 0;
    for (const float weight : weights) sum += weight;
    for (float& weight : weights) weight = static_cast<float>(weight / sum);
}

int mirrored(int index, int size) {
    const int period = 2 * size;
    index = ((index % period) + period) % period;
    return index < size ? index : period - 1 - index;
}

/// A row with `radius` further pixels at both ends.
void pad_row(const float* row, int width, int channels, int radius, float* padded) {
    for (int x = -radius; x < width + radius; ++x) {
        const float* pixel = row + static_cast<std::ptrdiff_t>(mirrored(x, width)) * channels;
        padded = std::copy_n(pixel, channels, padded);
    }
}

void accumulate(float* out, const float* in, float weight, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] += weight * in[i];
}

}  // namespace

BlurKernel gaussian_kernel(double sigma_x, double sigma_y, double angle) {
    BlurKernel kernel;
    kernel.radius = gaussian_radius(std::max(sigma_x, sigma_y));
    const double cosine = std::cos(angle);
    const double sine = std::sin(angle);
    for (int y = -kernel.radius; y <= kernel.radius; ++y) {
        for (int x = -kernel.radius; x <= kernel.radius; ++x) {
            const double u = (cosine * x + sine * y) / sigma_x;
            const double v = (cosine * y - sine * x) / sigma_y;
            kernel.weights.push_back(static_cast<float>(std::exp(-0.5 * (u * u + v * v))));
        }
    }
    normalise(kernel.weights);
    return kernel;
}

BlurKernel sinc_kernel(double cutoff, int radius) {
    BlurKernel kernel;
    kernel.radius = radius;
    for (int y = -radius; y <= radius; ++y) {
        for (int x = -radius; x <= radius; ++x) {
            const double r = std::hypot(x, y);
            const double weight = r == 0
                                      ? cutoff * cutoff / (4 * kPi)
                                      : cutoff * std::cyl_bessel_j(1, cutoff * r) / (2 * kPi * r);
            kernel.weights.push_back(static_cast<float>(weight));
        }
    }
    normalise(kernel.weights);
    return kernel;
}

Image blur(const Image& image, const BlurKernel& kernel) {
    const int channels = image.channels();
    const int radius = kernel.radius;
    const int size = 2 * radius + 1;
    const std::size_t padded_samples =
        image.shape().row_samples() +
        2 * static_cast<std::size_t>(radius) * static_cast<std::size_t>(channels);
    std::vector<float> padded(padded_samples * static_cast<std::size_t>(image.height()));
    for (int y = 0; y < image.height(); ++y) {
        pad_row(image.row(y), image.width(), channels, radius,
                padded.data() + static_cast<std::size_t>(y) * padded_samples);
    }
    Image result(image.shape());
    for (int y = 0; y < image.height(); ++y) {
        for (int ky = 0; ky < size; ++ky) {
            const int source = mirrored(y + ky - radius, image.height());
            const float* row = padded.data() + static_cast<std::size_t>(source) * padded_samples;
            for (int kx = 0; kx < size; ++kx) {
                const float weight = kernel.weights[static_cast<std::size_t>(ky * size + kx)];
                accumulate(result.row(y), row + static_cast<std::ptrdiff_t>(kx) * channels, weight,
                           image.shape().row_samples());
            }
        }
    }
    return result;
}

Image gaussian_blur(const Image& image, double sigma) {
    const int channels = image.channels();
    const int radius = gaussian_radius(sigma);
    std::vector<float> weights;
    for (int i = -radius; i <= radius; ++i) {
        weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma))));
    }
    normalise(weights);

    const std::size_t samples = image.shape().row_samples();
    Image across(image.shape());
    std::vector<float> padded(samples + 2 * static_cast<std::size_t>(radius) *
                                            static_cast<std::size_t>(channels));
    for (int y = 0; y < image.height(); ++y) {
        pad_row(image.row(y), image.width(), channels, radius, padded.data());
        for (int i = 0; i <= 2 * radius; ++i) {
            accumulate(across.row(y), padded.data() + static_cast<std::ptrdiff_t>(i) * channels,
                       weights[static_cast<std::size_t>(i)], samples);
        }
    }
    Image result(image.shape());
    for (int y = 0; y < image.height(); ++y) {
        for (int i = -radius; i <= radius; ++i) {
            accumulate(result.row(y), across.row(mirrored(y + i, image.height())),
                       weights[static_cast<std::size_t>(i + radius)], samples);
        }
    }
    return result;
}

}  // namespace sisr::training
