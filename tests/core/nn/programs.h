/// Small programs with random weights, of the kinds that published networks are.
#pragma once

#include "nn/program_builder.h"

#include <cmath>
#include <vector>

namespace sisr::test {

inline nn::Value convolve(nn::ProgramBuilder& builder, nn::Value input, int outputs, int kernel = 3,
                          int groups = 1, int dilation = 1) {
    const int inputs = builder.channels(input) / groups;
    const double gain = 1.2 / std::sqrt(static_cast<double>(inputs * kernel * kernel));
    return builder.convolution_of(input, torch::randn({outputs, inputs, kernel, kernel}) * gain,
                                  torch::randn({outputs}) * 0.05, groups, dilation);
}

inline nn::Value dense_block(nn::ProgramBuilder& builder, nn::Value input, int growth) {
    std::vector<nn::Value> parts{input};
    for (int i = 0; i < 4; ++i) {
        const nn::Value all = i == 0 ? input : builder.concat(parts);
        parts.push_back(builder.leaky_relu(convolve(builder, all, growth), 0.2));
    }
    const nn::Value last = convolve(builder, builder.concat(parts), builder.channels(input));
    return builder.sum(last, input, 0.2, 1);
}

/// As ESRGAN's generator (Wang et al. 2018): residuals in residuals of dense blocks.
inline nn::Program dense(int channels, int blocks, int growth, bool unshuffles) {
    const Tensors none;
    nn::ProgramBuilder builder(none, 3);
    const nn::Value input = unshuffles ? builder.pixel_unshuffle(0, 2) : 0;
    const nn::Value head = convolve(builder, input, channels);
    nn::Value features = head;
    for (int i = 0; i < blocks; ++i) {
        nn::Value inner = features;
        for (int part = 0; part < 3; ++part) inner = dense_block(builder, inner, growth);
        features = builder.sum(inner, features, 0.2, 1);
    }
    features = builder.sum(head, convolve(builder, features, channels));
    for (int step = 0; step < 2; ++step) {
        features = builder.enlarge(features, 2);
        features = builder.leaky_relu(convolve(builder, features, channels), 0.2);
    }
    return builder.finish(convolve(builder, features, 3));
}

/// A chain and PixelShuffle, the enlarged input added.
inline nn::Program chain(int channels, int layers, int scale) {
    const Tensors none;
    nn::ProgramBuilder builder(none, 3);
    nn::Value value = 0;
    for (int i = 0; i < layers; ++i) {
        value = convolve(builder, value, channels);
        value = i % 2 == 0 ? builder.activate(value, nn::Activation::relu)
                           : builder.leaky_relu(value, 0.1);
    }
    value = builder.pixel_shuffle(convolve(builder, value, 3 * scale * scale), scale);
    return builder.finish(builder.sum(value, builder.enlarge(0, scale)));
}

}  // namespace sisr::test
