#include "architectures/srresnet/settings.h"

#include "architectures/srresnet/fused_srresnet.h"
#include "nn/conv/winograd/kernels.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

[[noreturn]] void fail(const std::string& reason) {
    throw Error(ErrorKind::bad_model, "model", reason);
}

torch::Tensor convolution_weight(const Tensors& tensors, const std::string& layer) {
    const auto found = tensors.find(layer + ".weight");
    if (found == tensors.end()) fail("tensor \"" + layer + ".weight\" is missing");
    torch::Tensor weight = found->second;
    const bool is_odd_square = weight.dim() == 4 && weight.size(2) == weight.size(3) &&
                               weight.size(2) % 2 == 1 && weight.numel() > 0;
    if (!is_odd_square) fail("tensor \"" + layer + ".weight\" is no odd square convolution");
    return weight;
}

int count_layers(const Tensors& tensors, const std::string& prefix, const std::string& suffix) {
    int count = 0;
    while (tensors.count(prefix + std::to_string(count) + suffix) != 0) ++count;
    return count;
}

int square_root(std::int64_t value, const std::string& what) {
    for (int root = 1; root <= 8; ++root) {
        if (static_cast<std::int64_t>(root) * root == value) return root;
    }
    fail(what + " is no square up to 8x8");
}

InputSkip parse_input_skip(const std::string& name) {
    if (name == "none") return InputSkip::none;
    if (name == "nearest") return InputSkip::nearest;
    if (name == "bilinear") return InputSkip::bilinear;
    fail("unknown input skip \"" + name + "\"");
}

/// The interval of input pixels that one output pixel sees, relative to the pixel below it,
/// followed backwards through the layers.
struct Reach {
    int low;
    int high;

    void convolve(int kernel) {
        low -= kernel / 2;
        high += kernel / 2;
    }
    void unshuffle(int factor) {
        low = floor_div(low, factor);
        high = floor_div(high, factor);
    }
    static int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
};

int receptive_radius(const SrResNetSettings& settings, const std::vector<int>& steps) {
    int radius = 0;
    for (int phase = 0; phase < settings.scale; ++phase) {
        Reach reach{phase, phase};
        if (!settings.stepwise_upsampling) reach.unshuffle(settings.scale);
        reach.convolve(settings.tail_kernel);
        for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
            reach.unshuffle(*step);
            reach.convolve(3);
        }
        for (int layer = 0; layer < 2 * settings.blocks + 1; ++layer) reach.convolve(3);
        reach.convolve(settings.head_kernel);
        radius = std::max({radius, -reach.low, reach.high});
    }
    return radius;
}

}  // namespace

SrResNetSettings SrResNetSettings::paper(int scale) {
    SrResNetSettings settings;
    settings.scale = scale;
    return settings;
}

SrResNetSettings SrResNetSettings::compact(int scale, int channels, int blocks) {
    SrResNetSettings settings;
    settings.scale = scale;
    settings.channels = channels;
    settings.blocks = blocks;
    settings.head_kernel = 3;
    settings.tail_kernel = 3;
    settings.batch_norm = false;
    settings.activation = Activation::relu;
    settings.stepwise_upsampling = false;
    settings.input_skip = InputSkip::nearest;
    return settings;
}

std::vector<int> upsampling_steps(const SrResNetSettings& settings) {
    std::vector<int> steps;
    if (!settings.stepwise_upsampling) return steps;
    int rest = settings.scale;
    for (const int factor : {2, 3}) {
        for (; rest % factor == 0; rest /= factor) steps.push_back(factor);
    }
    if (rest != 1) throw Error(ErrorKind::usage, "scale", "must be a product of twos and threes");
    return steps;
}

SrResNetSettings read_srresnet_settings(const Tensors& tensors, const Metadata& metadata) {
    SrResNetSettings settings;
    const torch::Tensor head = convolution_weight(tensors, "head");
    const torch::Tensor tail = convolution_weight(tensors, "tail");
    settings.channels = static_cast<int>(head.size(0));
    settings.colour_channels = static_cast<int>(head.size(1));
    settings.head_kernel = static_cast<int>(head.size(2));
    settings.tail_kernel = static_cast<int>(tail.size(2));
    settings.blocks = count_layers(tensors, "body.", ".conv1.weight");
    settings.batch_norm = tensors.count("trunk_bn.weight") != 0;
    settings.activation =
        tensors.count("head_act.weight") != 0 ? Activation::prelu : Activation::relu;
    const int steps = count_layers(tensors, "upsample.", ".weight");
    settings.stepwise_upsampling = steps > 0;
    settings.scale = 1;
    if (settings.colour_channels != 1 && settings.colour_channels != 3) {
        fail("takes " + std::to_string(settings.colour_channels) + " channels, not 1 or 3");
    }
    for (int i = 0; i < steps; ++i) {
        const torch::Tensor weight = convolution_weight(tensors, "upsample." + std::to_string(i));
        settings.scale *= square_root(weight.size(0) / settings.channels, "upsampling");
    }
    if (steps == 0) {
        settings.scale = square_root(tail.size(0) / settings.colour_channels, "upsampling");
    }
    if (settings.scale > 8) fail("its scale is above 8");
    const char* fallback = settings.stepwise_upsampling ? "none" : "nearest";
    settings.input_skip = parse_input_skip(metadata_value(metadata, "sisr.input_skip", fallback));
    return settings;
}

Metadata srresnet_metadata(const SrResNetSettings& settings) {
    constexpr const char* kNames[] = {"none", "nearest", "bilinear"};
    return {{"sisr.architecture", "srresnet"},
            {"sisr.scale", std::to_string(settings.scale)},
            {"sisr.channels", std::to_string(settings.channels)},
            {"sisr.blocks", std::to_string(settings.blocks)},
            {"sisr.input_skip", kNames[static_cast<int>(settings.input_skip)]}};
}

NetworkTraits srresnet_traits(const SrResNetSettings& settings) {
    const auto square = [](int value) { return static_cast<std::size_t>(value) * value; };
    const auto colour = static_cast<std::size_t>(settings.colour_channels);
    const auto channels = static_cast<std::size_t>(settings.channels);
    const std::vector<int> steps = upsampling_steps(settings);

    NetworkTraits traits;
    traits.scale = settings.scale;
    traits.colour_channels = settings.colour_channels;
    traits.radius = receptive_radius(settings, steps);
    const std::size_t trunk_layers = 2 * static_cast<std::size_t>(settings.blocks) + 1;
    traits.multiply_adds_per_pixel =
        colour * channels * square(settings.head_kernel) + trunk_layers * channels * channels * 9;
    // Residual blocks hold their input, the skip of the trunk, and two intermediate results.
    traits.activation_values_per_pixel = 5 * channels;
    std::size_t area = 1;
    for (const int step : steps) {
        traits.multiply_adds_per_pixel += area * channels * channels * square(step) * 9;
        area *= square(step);
        // The convolution's result, its shuffled copy and the activated one.
        traits.activation_values_per_pixel =
            std::max(traits.activation_values_per_pixel, 3 * channels * area + channels);
    }
    const std::size_t tail_outputs =
        settings.stepwise_upsampling ? colour : colour * square(settings.scale);
    traits.multiply_adds_per_pixel += area * channels * tail_outputs * square(settings.tail_kernel);
    traits.activation_values_per_pixel += 4 * colour * square(settings.scale);  // the result
    traits.is_stripped_on_cpu = can_fuse(settings);
    const winograd::Kernels* loops = winograd::kernels();
    traits.is_winograd_on_cpu = loops != nullptr && loops->suits(settings.channels);
    traits.probe_features = 2 * std::int64_t{settings.channels};
    return traits;
}

}  // namespace sisr
