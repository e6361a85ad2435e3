#include "architectures/srresnet/program.h"

#include "architectures/shape_reader.h"
#include "architectures/srresnet/settings.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

bool is_srresnet(const ShapeReader& shapes) {
    return shapes.has_all({"head.weight", "body.0.conv1.weight", "trunk.weight", "tail.weight"});
}

/// Settings ask tensors for nothing but their sizes.
SrResNetSettings settings_of(const Shapes& shapes, const Metadata& metadata) {
    Tensors sizes;
    for (const auto& [name, shape] : shapes) {
        sizes[name] = torch::empty(shape, torch::device(torch::kMeta));
    }
    return read_srresnet_settings(sizes, metadata);
}

std::optional<Spec> read(const Shapes& shapes, const Metadata& metadata) {
    if (!is_srresnet(ShapeReader(shapes))) return std::nullopt;
    const SrResNetSettings settings = settings_of(shapes, metadata);
    Spec spec;
    spec.scale = settings.scale;
    spec.input_channels = settings.colour_channels;
    spec.output_channels = settings.colour_channels;
    spec.words = blocks_of_channels(settings.blocks, settings.channels);
    return spec;
}

class Writer {
public:
    Writer(ProgramBuilder& builder, const SrResNetSettings& settings)
        : b_(builder), settings_(settings) {}

    Value network() {
        const Value head =
            activate(convolve_with_bias(b_, ProgramBuilder::kInput, "head"), "head_act");
        Value features = head;
        for (int i = 0; i < settings_.blocks; ++i) {
            const std::string block = "body." + std::to_string(i);
            Value inner =
                activate(convolve(features, block + ".conv1", block + ".bn1"), block + ".act");
            features = b_.sum(convolve(inner, block + ".conv2", block + ".bn2"), features);
        }
        return enlarge(b_.sum(convolve(features, "trunk", "trunk_bn"), head));
    }

private:
    Value convolve(Value input, const std::string& name, const std::string& norm) {
        if (settings_.batch_norm) return convolve_normed(b_, input, name, norm, Bias::expected);
        return convolve_with_bias(b_, input, name);
    }

    Value activate(Value input, const std::string& name) {
        if (settings_.activation == Activation::prelu) return b_.prelu(input, name);
        return b_.activate(input, nn::Activation::relu);
    }

    Value enlarge(Value features) {
        const std::vector<int> steps = upsampling_steps(settings_);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            features = convolve_with_bias(b_, features, "upsample." + std::to_string(i));
            features =
                activate(b_.pixel_shuffle(features, steps[i]), "upsample_act." + std::to_string(i));
        }
        features = convolve_with_bias(b_, features, "tail");
        if (!settings_.stepwise_upsampling) features = b_.pixel_shuffle(features, settings_.scale);
        if (settings_.input_skip == InputSkip::none) return features;
        const auto kind = settings_.input_skip == InputSkip::bilinear ? nn::Enlarge::Kind::bilinear
                                                                      : nn::Enlarge::Kind::nearest;
        return b_.sum(features, b_.enlarge(ProgramBuilder::kInput, settings_.scale, kind));
    }

    ProgramBuilder& b_;
    const SrResNetSettings& settings_;
};

Built build(const Tensors& tensors, const Metadata& metadata) {
    const SrResNetSettings settings = settings_of(shapes_of(tensors), metadata);
    ProgramBuilder b(tensors, settings.colour_channels);
    const Value result = Writer(b, settings).network();
    return finished(b, result);
}

}  // namespace

const Architecture& srresnet_program() {
    static const Architecture kArchitecture{"srresnet", "SRResNet", read, build};
    return kArchitecture;
}

}  // namespace sisr
