#include "architectures/edsr/edsr.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

/// Names by the authors, with the mean as a convolution of 1x1, or by BasicSR, with the mean in the
/// code.
struct Layout {
    bool is_basicsr = false;
    int blocks = 0;

    std::string first() const { return is_basicsr ? "conv_first" : "head.0"; }
    std::string block(int index, int convolution) const {
        const std::string name = "body." + std::to_string(index);
        if (is_basicsr) return name + ".conv" + std::to_string(convolution + 1);
        return name + ".body." + std::to_string(2 * convolution);
    }
    std::string trunk() const {
        return is_basicsr ? "conv_after_body" : "body." + std::to_string(blocks);
    }
    std::string steps() const { return is_basicsr ? "upsample." : "tail.0."; }
    std::string last() const { return is_basicsr ? "conv_last" : "tail.1"; }
};

std::optional<Layout> layout_of(const ShapeReader& shapes) {
    Layout layout;
    if (shapes.has_all({"conv_first.weight", "body.0.conv1.weight"}) &&
        shapes.has_any("conv_after_body.")) {
        layout.is_basicsr = true;
        layout.blocks = shapes.count("body.");
        return layout;
    }
    const bool is_original = shapes.has_all({"head.0.weight", "body.0.body.0.weight"}) &&
                             shapes.has_any("tail.1.") && !shapes.has_any("body.0.body.0.body.");
    if (!is_original) return std::nullopt;
    layout.blocks = shapes.count("body.") - 1;  // and the trunk's convolution
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const auto layout = layout_of(shapes);
    if (!layout) return std::nullopt;
    const int features = shapes.outputs(layout->first());
    Spec spec;
    spec.input_channels = shapes.inputs(layout->first());
    spec.output_channels = shapes.outputs(layout->last());
    spec.scale = product(shuffle_steps(shapes, layout->steps(), features));
    if (layout->is_basicsr && (spec.input_channels != 3 || spec.output_channels != 3)) {
        refuse_model("is of other than 3 channels, whose mean its file does not tell");
    }
    spec.words = blocks_of_channels(layout->blocks, features);
    return spec;
}

/// How much of a block's result is added; no tensor tells it. The published networks of 256
/// channels and 32 blocks were trained with 0.1, the smaller ones with 1.
double residual_of(const Layout& layout, int features, const Metadata& metadata) {
    const double published = features == 256 && layout.blocks == 32 ? 0.1 : 1;
    return told_number(metadata, "res_scale").value_or(published);
}

Value body(ProgramBuilder& b, const Layout& layout, Value head, const Metadata& metadata) {
    const double residual = residual_of(layout, b.channels(head), metadata);
    Value features = head;
    for (int i = 0; i < layout.blocks; ++i) {
        const Value inner =
            b.activate(convolve_with_bias(b, features, layout.block(i, 0)), Activation::relu);
        const Value added = convolve_with_bias(b, inner, layout.block(i, 1));
        features = b.sum(added, features, residual, 1);
    }
    return b.sum(convolve_with_bias(b, features, layout.trunk()), head);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes).value();
    const Spec spec = read(all, metadata).value();
    ProgramBuilder b(tensors, spec.input_channels);
    Value features = without_mean(b, ProgramBuilder::kInput, layout.is_basicsr);
    features = body(b, layout, convolve_with_bias(b, features, layout.first()), metadata);
    features = enlarge_by_steps(b, features, layout.steps(),
                                shuffle_steps(shapes, layout.steps(), b.channels(features)));
    features = convolve_with_bias(b, features, layout.last());
    return finished(b, with_mean(b, features, layout.is_basicsr));
}

}  // namespace

const Architecture& edsr_architecture() {
    static const Architecture kArchitecture{"edsr", "EDSR", read, build};
    return kArchitecture;
}

}  // namespace sisr
