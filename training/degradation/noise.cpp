#include "degradation/noise.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {
namespace {

// From here on a normal distribution is near enough, and much faster.
constexpr double kManyPhotons = 24;

/// The difference from the mean, in photons.
double draw_shot_noise(double photons, Rng& rng) {
    if (photons <= 0) return 0;
    if (photons >= kManyPhotons) {
        return std::normal_distribution<double>(0, std::sqrt(photons))(rng);
    }
    return std::poisson_distribution<int>(photons)(rng) - photons;
}

/// Calls add(pixel, channels) for each pixel's colour and clamps it.
template <class Add>
void for_each_pixel(Image& image, const Add& add) {
    const int colours = image.shape().colour_channels;
    const auto stride = static_cast<std::size_t>(image.channels());
    auto& samples = image.samples();
    for (std::size_t i = 0; i < samples.size(); i += stride) {
        add(&samples[i], colours);
        for (int c = 0; c < colours; ++c) samples[i + c] = std::clamp(samples[i + c], 0.0F, 1.0F);
    }
}

}  // namespace

void add_gaussian_noise(Image& image, double deviation, bool is_grey, Rng& rng) {
    std::normal_distribution<float> normal(0, static_cast<float>(deviation / 255));
    for_each_pixel(image, [&](float* pixel, int colours) {
        float noise = normal(rng);
        for (int c = 0; c < colours; ++c) {
            pixel[c] += noise;
            if (!is_grey) noise = normal(rng);
        }
    });
}

void add_poisson_noise(Image& image, double strength, bool is_grey, Rng& rng) {
    const auto noise_at = [&](double value) {
        return static_cast<float>(strength * draw_shot_noise(255 * value, rng) / 255);
    };
    for_each_pixel(image, [&](float* pixel, int colours) {
        if (is_grey && colours == 3) {
            const float noise = noise_at(0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]);
            for (int c = 0; c < colours; ++c) pixel[c] += noise;
        } else {
            for (int c = 0; c < colours; ++c) pixel[c] += noise_at(pixel[c]);
        }
    });
}

}  // namespace sisr::training
