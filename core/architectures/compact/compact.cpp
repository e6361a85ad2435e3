#include "architectures/compact/compact.h"

#include "architectures/shape_reader.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

std::string layer_at(int index) { return "body." + std::to_string(index); }

/// Convolutions stand at the even numbers, what activates between them.
bool is_compact(const ShapeReader& shapes) {
    if (!shapes.has_all({"body.0.weight", "body.0.bias", "body.2.weight"})) return false;
    const bool is_alone = !shapes.has("conv_first.weight") && !shapes.has("head.weight") &&
                          !shapes.has("head.0.weight") && !shapes.has("tail.weight");
    return is_alone && !shapes.has("body.1.bias");
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_compact(shapes)) return std::nullopt;
    const int last = shapes.count("body.") - 1;
    if (last % 2 != 0) refuse_model("tensor \"" + layer_at(last + 1) + ".weight\" is missing");
    Spec spec;
    spec.input_channels = shapes.inputs(layer_at(0));
    spec.output_channels = spec.input_channels;  // since the input is added
    spec.scale = shuffle_factor(shapes, layer_at(last), spec.input_channels);
    spec.words = std::to_string(last / 2 - 1) + " layers of " +
                 std::to_string(shapes.outputs(layer_at(0))) + " channels";
    return spec;
}

/// What has no weights cannot be seen: metadata tells it, else it is the published default of
/// those.
Value activate(ProgramBuilder& b, Value input, int index, const Metadata& metadata) {
    if (b.has(layer_at(index) + ".weight")) return b.prelu(input, layer_at(index));
    const std::string kind = metadata_value(metadata, "sisr.activation", "relu");
    if (kind == "relu") return b.activate(input, Activation::relu);
    if (kind == "leakyrelu") return b.leaky_relu(input, 0.1);
    refuse_model("tensor \"" + layer_at(index) + ".weight\" is missing");
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const Spec spec = read(all, metadata).value();
    const ShapeReader shapes(all);
    const int last = shapes.count("body.") - 1;
    const bool has_slopes = shapes.has(layer_at(1) + ".weight");

    ProgramBuilder b(tensors, spec.input_channels);
    Value features = ProgramBuilder::kInput;
    for (int i = 0; i < last; i += 2) {
        if (has_slopes != shapes.has(layer_at(i + 1) + ".weight")) {
            refuse_model("tensor \"" + layer_at(has_slopes ? i + 1 : 1) + ".weight\" is missing");
        }
        features = convolve_with_bias(b, features, layer_at(i));
        features = activate(b, features, i + 1, metadata);
    }
    features = b.pixel_shuffle(convolve_with_bias(b, features, layer_at(last)), spec.scale);
    return finished(b, b.sum(features, b.enlarge(ProgramBuilder::kInput, spec.scale)));
}

}  // namespace

const Architecture& compact_architecture() {
    static const Architecture kArchitecture{"compact", "Compact (SRVGGNetCompact)", read, build};
    return kArchitecture;
}

}  // namespace sisr
