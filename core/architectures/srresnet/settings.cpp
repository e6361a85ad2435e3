#include "architectures/srresnet/settings.h"

#include <sisr/error.h>

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

}  // namespace sisr
