#include <sisr/error.h>
#include <sisr/metrics.h>

#include <array>
#include <cmath>
#include <vector>

namespace sisr {
namespace {

constexpr int kWindow = 11;
constexpr double kSigma = 1.5;

struct Plane {
    int width = 0;
    int height = 0;
    std::vector<double> values;

    double& at(int x, int y) { return values[static_cast<std::size_t>(y) * width + x]; }
    double at(int x, int y) const { return values[static_cast<std::size_t>(y) * width + x]; }
};

double to_8_bit(float value) {
    return std::round(255.0 * std::min(1.0, std::max(0.0, static_cast<double>(value))));
}

/// BT.601 luma of the 8-bit image, 16 to 235, border cut.
Plane luma(const Image& image, int border) {
    Plane plane;
    plane.width = image.width() - 2 * border;
    plane.height = image.height() - 2 * border;
    plane.values.resize(static_cast<std::size_t>(plane.width) * plane.height);
    const bool is_grey = image.shape().colour_channels == 1;
    for (int y = 0; y < plane.height; ++y) {
        for (int x = 0; x < plane.width; ++x) {
            const float* pixel =
                image.row(y + border) + static_cast<std::ptrdiff_t>(x + border) * image.channels();
            const double red = to_8_bit(pixel[0]);
            const double green = is_grey ? red : to_8_bit(pixel[1]);
            const double blue = is_grey ? red : to_8_bit(pixel[2]);
            plane.at(x, y) = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255;
        }
    }
    return plane;
}

void check(const Image& reference, const Image& result, int border, int least) {
    if (reference.shape().size() != result.shape().size()) {
        throw Error(ErrorKind::usage, "metrics", "the images differ in size");
    }
    if (border < 0 || reference.width() - 2 * border < least ||
        reference.height() - 2 * border < least) {
        throw Error(ErrorKind::usage, "metrics",
                    "the image is too small for a border of " + std::to_string(border) + " pixels");
    }
}

std::array<double, kWindow> gaussian() {
    std::array<double, kWindow> weights{};
    double sum = 0;
    for (int i = 0; i < kWindow; ++i) {
        const int x = i - kWindow / 2;
        sum += weights[static_cast<std::size_t>(i)] = std::exp(-x * x / (2 * kSigma * kSigma));
    }
    for (double& weight : weights) weight /= sum;
    return weights;
}

/// Gaussian mean of a(x,y)*b(x,y) wherever the window fits.
Plane mean_of_product(const Plane& a, const Plane& b) {
    static const auto kWeights = gaussian();
    Plane rows{a.width - kWindow + 1, a.height, {}};
    rows.values.resize(static_cast<std::size_t>(rows.width) * rows.height);
    for (int y = 0; y < rows.height; ++y) {
        for (int x = 0; x < rows.width; ++x) {
            double sum = 0;
            for (int i = 0; i < kWindow; ++i) sum += kWeights[i] * a.at(x + i, y) * b.at(x + i, y);
            rows.at(x, y) = sum;
        }
    }
    Plane mean{rows.width, a.height - kWindow + 1, {}};
    mean.values.resize(static_cast<std::size_t>(mean.width) * mean.height);
    for (int y = 0; y < mean.height; ++y) {
        for (int x = 0; x < mean.width; ++x) {
            double sum = 0;
            for (int i = 0; i < kWindow; ++i) sum += kWeights[i] * rows.at(x, y + i);
            mean.at(x, y) = sum;
        }
    }
    return mean;
}

}  // namespace

double psnr_y(const Image& reference, const Image& result, int border) {
    check(reference, result, border, 1);
    const Plane a = luma(reference, border);
    const Plane b = luma(result, border);
    double sum = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        const double difference = a.values[i] - b.values[i];
        sum += difference * difference;
    }
    const double mse = sum / static_cast<double>(a.values.size());
    return mse == 0 ? 99.0 : 10 * std::log10(255.0 * 255.0 / mse);
}

double ssim_y(const Image& reference, const Image& result, int border) {
    check(reference, result, border, kWindow);
    constexpr double kC1 = 0.01 * 255 * 0.01 * 255;
    constexpr double kC2 = 0.03 * 255 * 0.03 * 255;
    const Plane a = luma(reference, border);
    const Plane b = luma(result, border);
    const Plane ones{a.width, a.height, std::vector<double>(a.values.size(), 1.0)};
    const Plane mean_a = mean_of_product(a, ones);
    const Plane mean_b = mean_of_product(b, ones);
    const Plane mean_aa = mean_of_product(a, a);
    const Plane mean_bb = mean_of_product(b, b);
    const Plane mean_ab = mean_of_product(a, b);
    double sum = 0;
    for (std::size_t i = 0; i < mean_a.values.size(); ++i) {
        const double ma = mean_a.values[i];
        const double mb = mean_b.values[i];
        const double variances = mean_aa.values[i] - ma * ma + mean_bb.values[i] - mb * mb;
        const double covariance = mean_ab.values[i] - ma * mb;
        sum += (2 * ma * mb + kC1) * (2 * covariance + kC2) /
               ((ma * ma + mb * mb + kC1) * (variances + kC2));
    }
    return sum / static_cast<double>(mean_a.values.size());
}

}  // namespace sisr
