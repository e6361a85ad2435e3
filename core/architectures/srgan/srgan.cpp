#include "architectures/srgan/srgan.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

/// blocks: "block1.0", "block2.conv1", ..., "block8.0.conv" of Leftthomas; trunk: "conv1.0",
/// "trunk.0.rcb.0", "upsampling.0.upsample_block.0" of Lornatang; numbers: "model.0",
/// "model.1.sub.0.res.0", "model.2" of BasicSR's first form.
enum class Naming { blocks, trunk, numbers };

struct Layout {
    Naming naming = Naming::blocks;
    int blocks = 0;
    int steps = 0;

    std::string first() const {
        if (naming == Naming::numbers) return "model.0";
        return naming == Naming::blocks ? "block1.0" : "conv1.0";
    }
    std::string last() const {
        if (naming == Naming::numbers) return "model." + std::to_string(4 + 3 * steps);
        if (naming == Naming::trunk) return "conv3";
        return end() + std::to_string(steps);
    }
    /// Of the blocks' naming: the two behind the residual blocks.
    std::string trunk() const { return "block" + std::to_string(blocks + 2) + "."; }
    std::string end() const { return "block" + std::to_string(blocks + 3) + "."; }
    std::string step(int index) const {
        if (naming == Naming::numbers) return "model." + std::to_string(2 + 3 * index);
        if (naming == Naming::blocks) return end() + std::to_string(index) + ".conv";
        return "upsampling." + std::to_string(index) + ".upsample_block.0";
    }
};

std::optional<Layout> layout_of(const ShapeReader& shapes) {
    Layout layout;
    if (shapes.has_all({"block1.0.weight", "block2.conv1.weight"})) {
        while (shapes.has_any("block" + std::to_string(layout.blocks + 2) + ".conv1.")) {
            ++layout.blocks;
        }
        layout.steps = shapes.count(layout.end()) - 1;
        return layout;
    }
    if (shapes.has_all({"conv1.0.weight", "trunk.0.rcb.0.weight"})) {
        layout.naming = Naming::trunk;
        layout.blocks = shapes.count("trunk.");
        layout.steps = shapes.count("upsampling.");
        return layout;
    }
    if (!shapes.has_all({"model.0.weight", "model.1.sub.0.res.0.weight"})) return std::nullopt;
    layout.naming = Naming::numbers;
    layout.blocks = shapes.count("model.1.sub.") - 1;  // and the trunk's convolution
    const int layers = shapes.count("model.");
    if (layers < 5 || (layers - 5) % 3 != 0) {
        refuse_model("has " + std::to_string(layers) + " numbered layers, not 5, 8, 11, ...");
    }
    layout.steps = (layers - 5) / 3;
    return layout;
}

std::vector<int> steps_of(const ShapeReader& shapes, const Layout& layout) {
    std::vector<int> steps;
    const int features = shapes.outputs(layout.first());
    for (int i = 0; i < layout.steps && i < 8; ++i) {
        steps.push_back(shuffle_factor(shapes, layout.step(i), features));
    }
    return steps;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const auto layout = layout_of(shapes);
    if (!layout) return std::nullopt;
    if (layout->steps < 0) refuse_model("tensor \"" + layout->end() + "0.weight\" is missing");
    Spec spec;
    spec.input_channels = shapes.inputs(layout->first());
    spec.output_channels = shapes.outputs(layout->last());
    spec.scale = product(steps_of(shapes, *layout));
    spec.words = blocks_of_channels(layout->blocks, shapes.outputs(layout->first()));
    return spec;
}

/// Residual blocks with batch norm by the names of their five layers, the trunk's convolution and
/// its norm.
Value normed_body(ProgramBuilder& b, const Layout& layout, Value head) {
    const bool is_trunk = layout.naming == Naming::trunk;
    const Bias bias = is_trunk ? Bias::none : Bias::expected;
    Value features = head;
    for (int i = 0; i < layout.blocks; ++i) {
        const std::string name = is_trunk ? "trunk." + std::to_string(i) + ".rcb."
                                          : "block" + std::to_string(i + 2) + ".";
        const auto layer = [&](const char* number, const char* word) {
            return name + (is_trunk ? number : word);
        };
        Value x = convolve_normed(b, features, layer("0", "conv1"), layer("1", "bn1"), bias);
        x = b.prelu(x, layer("2", "prelu"));
        x = convolve_normed(b, x, layer("3", "conv2"), layer("4", "bn2"), bias);
        features = b.sum(x, features);
    }
    const std::string trunk = is_trunk ? "conv2." : layout.trunk();
    return b.sum(convolve_normed(b, features, trunk + "0", trunk + "1", bias), head);
}

Built build_normed(ProgramBuilder& b, const Layout& layout, const std::vector<int>& steps) {
    const bool is_trunk = layout.naming == Naming::trunk;
    const Value first = convolve_with_bias(b, ProgramBuilder::kInput, layout.first());
    const Value head = b.prelu(first, is_trunk ? "conv1.1" : "block1.1");
    Value features = normed_body(b, layout, head);
    for (int i = 0; i < layout.steps; ++i) {
        const std::string slopes = is_trunk
                                       ? "upsampling." + std::to_string(i) + ".upsample_block.2"
                                       : layout.end() + std::to_string(i) + ".prelu";
        features = convolve_with_bias(b, features, layout.step(i));
        features = b.prelu(b.pixel_shuffle(features, steps[static_cast<std::size_t>(i)]), slopes);
    }
    features = convolve_with_bias(b, features, layout.last());
    return finished(b, is_trunk ? features : squashed(b, features));
}

Built build_numbered(ProgramBuilder& b, const Layout& layout, const std::vector<int>& steps) {
    const auto convolved = [&b](Value input, const std::string& name) {
        return convolve_with_bias(b, input, name);
    };
    const auto active = [&b](Value input) { return b.activate(input, Activation::relu); };
    const Value head = convolved(ProgramBuilder::kInput, "model.0");
    Value features = head;
    for (int i = 0; i < layout.blocks; ++i) {
        const std::string name = "model.1.sub." + std::to_string(i) + ".res.";
        const Value inner = active(convolved(features, name + "0"));
        features = b.sum(convolved(inner, name + "2"), features);
    }
    features = b.sum(convolved(features, "model.1.sub." + std::to_string(layout.blocks)), head);
    for (int i = 0; i < layout.steps; ++i) {
        features = convolved(features, layout.step(i));
        features = active(b.pixel_shuffle(features, steps[static_cast<std::size_t>(i)]));
    }
    const std::string high = "model." + std::to_string(2 + 3 * layout.steps);
    return finished(b, convolved(active(convolved(features, high)), layout.last()));
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes).value();
    const std::vector<int> steps = steps_of(shapes, layout);
    ProgramBuilder b(tensors, read(all, metadata).value().input_channels);
    if (layout.naming == Naming::numbers) return build_numbered(b, layout, steps);
    return build_normed(b, layout, steps);
}

}  // namespace

const Architecture& srgan_architecture() {
    static const Architecture kArchitecture{"srgan", "SRGAN (SRResNet)", read, build};
    return kArchitecture;
}

}  // namespace sisr
