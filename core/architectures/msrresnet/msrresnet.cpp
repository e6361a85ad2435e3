#include "architectures/msrresnet/msrresnet.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

constexpr double kSlope = 0.1;

std::string step_at(int index) { return "upconv" + std::to_string(index + 1); }

std::vector<int> steps_of(const ShapeReader& shapes) {
    std::vector<int> steps;
    const int features = shapes.outputs("conv_first");
    for (int i = 0; i < 4 && shapes.has_any(step_at(i) + "."); ++i) {
        steps.push_back(shuffle_factor(shapes, step_at(i), features));
    }
    return steps;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const bool is_ours = shapes.has_all({"conv_first.weight", "body.0.conv1.weight"}) &&
                         shapes.has_any("conv_hr.") && !shapes.has_any("conv_after_body.");
    if (!is_ours) return std::nullopt;
    Spec spec;
    spec.input_channels = shapes.inputs("conv_first");
    spec.output_channels = shapes.outputs("conv_last");
    if (spec.input_channels != spec.output_channels) {
        refuse_model("tensor \"conv_last.weight\" makes other channels than the input's");
    }
    spec.scale = product(steps_of(shapes));
    spec.words = blocks_of_channels(shapes.count("body."), shapes.outputs("conv_first"));
    return spec;
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Spec spec = read(all, metadata).value();
    ProgramBuilder b(tensors, spec.input_channels);
    const auto convolved = [&b](Value input, const std::string& name) {
        return convolve_with_bias(b, input, name);
    };
    Value features = b.leaky_relu(convolved(ProgramBuilder::kInput, "conv_first"), kSlope);
    for (int i = 0; i < shapes.count("body."); ++i) {
        const std::string block = "body." + std::to_string(i);
        const Value inner = b.activate(convolved(features, block + ".conv1"), Activation::relu);
        features = b.sum(convolved(inner, block + ".conv2"), features);
    }
    const std::vector<int> steps = steps_of(shapes);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        features = convolved(features, step_at(static_cast<int>(i)));
        features = b.leaky_relu(b.pixel_shuffle(features, steps[i]), kSlope);
    }
    features = convolved(b.leaky_relu(convolved(features, "conv_hr"), kSlope), "conv_last");
    const Value large = b.enlarge(ProgramBuilder::kInput, spec.scale, nn::Enlarge::Kind::bilinear);
    return finished(b, b.sum(features, large));
}

}  // namespace

const Architecture& msrresnet_architecture() {
    static const Architecture kArchitecture{"msrresnet", "MSRResNet", read, build};
    return kArchitecture;
}

}  // namespace sisr
