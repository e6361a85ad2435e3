#include "architectures/dncnn/dncnn.h"

#include "architectures/shape_reader.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

std::string layer_at(int index) { return "model." + std::to_string(index); }

bool is_norm(const ShapeReader& shapes, int index) {
    return shapes.has_any(layer_at(index) + ".running_");
}

/// Convolutions with an activation behind each but the last, batch norm between them or not. Of
/// those without, shorter ones are IRCNN's, whose dilations their names do not tell.
bool is_dncnn(const ShapeReader& shapes) {
    if (!shapes.has_all({"model.0.weight", "model.2.weight"}) || shapes.has_any("model.1.")) {
        return false;
    }
    return is_norm(shapes, 3) || shapes.has_any(layer_at(14) + ".");
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_dncnn(shapes)) return std::nullopt;
    const std::string last = layer_at(shapes.count("model.") - 1);
    const int inputs = shapes.inputs(layer_at(0));
    Spec spec;
    spec.output_channels = shapes.outputs(last);
    const bool is_told = inputs == spec.output_channels + 1;  // FDnCNN: how much noise there is
    if (!is_told && inputs != spec.output_channels) {
        refuse_model("tensor \"" + last + ".weight\" makes other channels than the input's");
    }
    spec.input_channels = spec.output_channels;
    spec.words = std::string(is_told ? "FDnCNN, " : "") +
                 std::to_string(shapes.outputs(layer_at(0))) + " channels";
    return spec;
}

/// The picture, and behind it a map of how much noise there is, of 1: its authors' default, or what
/// metadata tell.
Value with_noise_level(ProgramBuilder& b, const Metadata& metadata) {
    const double level = told_number(metadata, "noise_level").value_or(15.0 / 255);
    const Value one = b.slice(ProgramBuilder::kInput, 0, 1);
    const Value map = b.affine(one, torch::zeros({1}), torch::full({1}, level, torch::kFloat32));
    return b.concat({ProgramBuilder::kInput, map});
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Spec spec = read(all, metadata).value();
    const int last = shapes.count("model.") - 1;
    ProgramBuilder b(tensors, spec.input_channels);
    const bool is_told = shapes.inputs(layer_at(0)) != spec.input_channels;
    Value features = is_told ? with_noise_level(b, metadata) : ProgramBuilder::kInput;
    for (int i = 0; i < last;) {
        const bool has_norm = is_norm(shapes, i + 1);
        if (has_norm) {
            features = convolve_normed(b, features, layer_at(i), layer_at(i + 1), Bias::expected);
        } else {
            features = convolve_with_bias(b, features, layer_at(i));
        }
        features = b.activate(features, Activation::relu);
        i += has_norm ? 3 : 2;
    }
    features = convolve_with_bias(b, features, layer_at(last));
    if (is_told) return finished(b, features);
    return finished(b, b.sum(ProgramBuilder::kInput, features, 1, -1));
}

}  // namespace

const Architecture& dncnn_architecture() {
    static const Architecture kArchitecture{"dncnn", "DnCNN", read, build};
    return kArchitecture;
}

}  // namespace sisr
