#include "architectures/swiftsrgan/swiftsrgan.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

std::string step_at(int index) { return "upsampler." + std::to_string(index); }

std::vector<int> steps_of(const ShapeReader& shapes) {
    std::vector<int> steps;
    const int features = shapes.outputs("initial.cnn.pointwise");
    for (int i = 0; i < shapes.count("upsampler.") && i < 8; ++i) {
        steps.push_back(shuffle_factor(shapes, step_at(i) + ".conv.pointwise", features));
    }
    return steps;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!shapes.has_all({"initial.cnn.depthwise.weight", "final_conv.pointwise.weight"})) {
        return std::nullopt;
    }
    Spec spec;
    spec.input_channels = shapes.outputs("initial.cnn.depthwise");
    spec.output_channels = shapes.outputs("final_conv.pointwise");
    spec.scale = product(steps_of(shapes));
    spec.words =
        blocks_of_channels(shapes.count("residual."), shapes.outputs("initial.cnn.pointwise"));
    return spec;
}

/// Each channel for itself, then the channels of each pixel.
Value separable(ProgramBuilder& b, Value input, const std::string& name) {
    const Value apart = convolve_with_bias(b, input, name + ".depthwise", b.channels(input));
    return convolve_with_bias(b, apart, name + ".pointwise");
}

/// The same with batch norm behind it, in place of biases.
Value normed(ProgramBuilder& b, Value input, const std::string& name) {
    const Value apart = b.convolution(input, name + ".cnn.depthwise", b.channels(input));
    return convolve_normed(b, apart, name + ".cnn.pointwise", name + ".bn", Bias::none);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const std::vector<int> steps = steps_of(shapes);
    ProgramBuilder b(tensors, read(all, metadata).value().input_channels);
    const Value head = b.prelu(separable(b, ProgramBuilder::kInput, "initial.cnn"), "initial.act");
    Value features = head;
    for (int i = 0; i < shapes.count("residual."); ++i) {
        const std::string block = "residual." + std::to_string(i);
        Value inner = b.prelu(normed(b, features, block + ".block1"), block + ".block1.act");
        features = b.sum(normed(b, inner, block + ".block2"), features);
        b.ignore(block + ".block2.act.weight");  // made, and not applied
    }
    features = b.sum(normed(b, features, "convblock"), head);
    b.ignore("convblock.act.weight");
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string step = step_at(static_cast<int>(i));
        features = b.pixel_shuffle(separable(b, features, step + ".conv"), steps[i]);
        features = b.prelu(features, step + ".act");
    }
    return finished(b, squashed(b, separable(b, features, "final_conv")));
}

}  // namespace

const Architecture& swiftsrgan_architecture() {
    static const Architecture kArchitecture{"swiftsrgan", "Swift-SRGAN", read, build};
    return kArchitecture;
}

}  // namespace sisr
