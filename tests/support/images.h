/// Images for tests, and their comparison.
#pragma once

#include <sisr/image.h>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace sisr::test {

/// Independent samples in [0,1]; the same for the same seed.
inline Image random_image(const ImageShape& shape, unsigned seed = 1) {
    Image image(shape);
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> uniform(0, 1);
    for (float& sample : image.samples()) sample = uniform(generator);
    return image;
}

inline Image random_rgb(int width, int height, unsigned seed = 1) {
    return random_image({width, height, 3, false, Encoding::display}, seed);
}

/// Smooth waves with an edge: what a photograph has and noise has not.
inline Image scene(const ImageShape& shape) {
    Image image(shape);
    for (int y = 0; y < shape.height; ++y) {
        for (int x = 0; x < shape.width; ++x) {
            for (int c = 0; c < shape.channels(); ++c) {
                const double wave = std::sin(0.07 * x + c) * std::cos(0.05 * y - 0.3 * c);
                const double edge = x + 2 * y > shape.width ? 0.15 : -0.15;
                image.at(x, y, c) = static_cast<float>(0.5 + 0.3 * wave + edge);
            }
        }
    }
    return image;
}

inline double max_difference(const Image& a, const Image& b) {
    EXPECT_EQ(a.width(), b.width());
    EXPECT_EQ(a.height(), b.height());
    EXPECT_EQ(a.channels(), b.channels());
    if (a.samples().size() != b.samples().size()) return INFINITY;
    double largest = 0;
    for (std::size_t i = 0; i < a.samples().size(); ++i) {
        const double difference = std::fabs(a.samples()[i] - b.samples()[i]);
        if (!(difference <= largest)) largest = difference;  // so that NaN shows
    }
    return largest;
}

inline double mean_difference(const Image& a, const Image& b) {
    EXPECT_EQ(a.samples().size(), b.samples().size());
    double sum = 0;
    for (std::size_t i = 0; i < a.samples().size(); ++i) {
        sum += std::fabs(a.samples()[i] - b.samples()[i]);
    }
    return sum / static_cast<double>(a.samples().size());
}

inline Image quantised(Image image, double levels = 255) {
    for (float& sample : image.samples()) {
        const double clamped = std::clamp(static_cast<double>(sample), 0.0, 1.0);
        sample = static_cast<float>(std::round(levels * clamped) / levels);
    }
    return image;
}

}  // namespace sisr::test
