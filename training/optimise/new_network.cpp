#include "optimise/new_network.h"

#include <sisr/error.h>

#include <cmath>

namespace sisr::training {
namespace {

// Of what a residual branch begins with: as if it were hardly there.
constexpr double kSmall = 0.1;

class Weights {
public:
    void convolution(const std::string& name, int outputs, int inputs, int kernel = 3,
                     double gain = 1) {
        const double deviation = gain * std::sqrt(2.0 / (inputs * kernel * kernel));
        tensors_[name + ".weight"] = torch::randn({outputs, inputs, kernel, kernel}) * deviation;
        tensors_[name + ".bias"] = torch::zeros({outputs});
    }
    void slopes(const std::string& name, int channels) {
        tensors_[name + ".weight"] = torch::full({channels}, 0.25F);
    }
    Tensors take() { return std::move(tensors_); }

private:
    Tensors tensors_;
};

std::string numbered(const std::string& name, int number) { return name + std::to_string(number); }

int or_usual(int size, int usual) { return size > 0 ? size : usual; }

Tensors srvgg(const NewNetwork& network) {
    const int channels = or_usual(network.channels, 64);
    const int layers = or_usual(network.blocks, 16);
    Weights weights;
    for (int i = 0; i <= layers; ++i) {
        const int inputs = i == 0 ? network.colour_channels : channels;
        weights.convolution(numbered("body.", 2 * i), channels, inputs);
        weights.slopes(numbered("body.", 2 * i + 1), channels);
    }
    weights.convolution(numbered("body.", 2 * layers + 2),
                        network.colour_channels * network.scale * network.scale, channels, 3,
                        kSmall);
    return weights.take();
}

Tensors rrdb(const NewNetwork& network) {
    if (network.scale == 3) {
        throw Error(ErrorKind::usage, "--scale", "of rrdb must be 1, 2 or 4");
    }
    const int channels = or_usual(network.channels, 64);
    const int blocks = or_usual(network.blocks, 23);
    const int growth = std::max(channels / 2, 1);
    // Enlargement is by 4 always; 2 and 1 see the picture unshuffled.
    const int unshuffle = 4 / network.scale;
    Weights weights;
    weights.convolution("conv_first", channels, network.colour_channels * unshuffle * unshuffle);
    for (int i = 0; i < blocks; ++i) {
        for (int part = 1; part <= 3; ++part) {
            const std::string dense = numbered("body.", i) + numbered(".rdb", part);
            for (int k = 0; k < 5; ++k) {
                weights.convolution(dense + numbered(".conv", k + 1), k == 4 ? channels : growth,
                                    channels + k * growth, 3, kSmall);
            }
        }
    }
    weights.convolution("conv_body", channels, channels, 3, kSmall);
    for (const char* name : {"conv_up1", "conv_up2", "conv_hr"}) {
        weights.convolution(name, channels, channels);
    }
    weights.convolution("conv_last", network.colour_channels, channels, 3, kSmall);
    return weights.take();
}

/// Folded: three convolutions a block, as a file for inference has them.
Tensors span(const NewNetwork& network) {
    if (network.blocks != 0 && network.blocks != 6) {
        throw Error(ErrorKind::usage, "--blocks", "of span are 6");
    }
    const int channels = or_usual(network.channels, 48);
    Weights weights;
    const auto add = [&](const std::string& name, int inputs, double gain) {
        weights.convolution(name + ".eval_conv", channels, inputs, 3, gain);
    };
    add("conv_1", network.colour_channels, 1);
    for (int i = 1; i <= 6; ++i) {
        for (const char* part : {".c1_r", ".c2_r", ".c3_r"}) {
            add(numbered("block_", i) + part, channels, 1);
        }
    }
    add("conv_2", channels, 1);
    weights.convolution("conv_cat", channels, 4 * channels, 1);
    weights.convolution("upsampler.0", network.colour_channels * network.scale * network.scale,
                        channels, 3, kSmall);
    Tensors tensors = weights.take();
    tensors["no_norm"] = torch::zeros({1});
    return tensors;
}

Tensors edsr(const NewNetwork& network) {
    if (network.colour_channels != 3) {
        throw Error(ErrorKind::usage, "--network", "edsr is of colour pictures");
    }
    const int channels = or_usual(network.channels, 64);
    const int blocks = or_usual(network.blocks, 16);
    Weights weights;
    weights.convolution("conv_first", channels, 3);
    for (int i = 0; i < blocks; ++i) {
        weights.convolution(numbered("body.", i) + ".conv1", channels, channels);
        weights.convolution(numbered("body.", i) + ".conv2", channels, channels, 3, kSmall);
    }
    weights.convolution("conv_after_body", channels, channels, 3, kSmall);
    const std::vector<int> steps = network.scale == 4   ? std::vector<int>{2, 2}
                                   : network.scale == 1 ? std::vector<int>{}
                                                        : std::vector<int>{network.scale};
    for (std::size_t i = 0; i < steps.size(); ++i) {
        weights.convolution(numbered("upsample.", static_cast<int>(2 * i)),
                            channels * steps[i] * steps[i], channels);
    }
    weights.convolution("conv_last", 3, channels);
    return weights.take();
}

}  // namespace

const std::vector<std::string>& new_architectures() {
    static const std::vector<std::string> kNames{"srvgg", "rrdb", "span", "edsr"};
    return kNames;
}

Tensors new_weights(const NewNetwork& network) {
    if (network.architecture == "srvgg") return srvgg(network);
    if (network.architecture == "rrdb") return rrdb(network);
    if (network.architecture == "span") return span(network);
    if (network.architecture == "edsr") return edsr(network);
    throw Error(ErrorKind::usage, "--network", "there is no " + network.architecture);
}

}  // namespace sisr::training
