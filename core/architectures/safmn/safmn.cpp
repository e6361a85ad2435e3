#include "architectures/safmn/safmn.h"

#include "architectures/shape_reader.h"

#include <utility>

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

constexpr int kMostLevels = 6;  // of which the last sees every 32nd pixel

// Each block sees a few of its coarsest pixels further, ever more faintly.
constexpr int kOverlap = 64;

/// The network against noise of dark and compressed pictures ("BCIE") has groups of blocks that a
/// convolution ends, on an unshuffled picture.
struct Layout {
    bool is_grouped = false;
    int unshuffle = 1;
    int levels = 4;

    std::string first() const { return is_grouped ? "to_feat.1" : "to_feat"; }
    std::string block(int group, int index) const {
        return "feats." + std::to_string(is_grouped ? group : index) +
               (is_grouped ? ".layers." + std::to_string(index) : "");
    }
};

std::optional<Layout> layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.is_grouped = shapes.has("to_feat.1.weight");
    const std::string block = layout.block(0, 0);
    if (!shapes.has_all({layout.first() + ".weight", "to_img.0.weight", block + ".safm.aggr.weight",
                         block + ".safm.mfr.0.weight", block + ".ccm.ccm.0.weight"})) {
        return std::nullopt;
    }
    layout.levels = shapes.count(block + ".safm.mfr.");
    if (layout.levels > kMostLevels) {
        refuse_model("sees its features at more than " + std::to_string(kMostLevels) + " scales");
    }
    if (layout.is_grouped) {
        const int outputs = shapes.outputs("to_img.2");
        const int inputs = shapes.inputs(layout.first());
        const auto factor = inputs % outputs == 0 ? square_root(inputs / outputs) : std::nullopt;
        if (!factor) refuse_model("tensor \"to_feat.1.weight\" sees no unshuffled picture");
        layout.unshuffle = *factor;
    }
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const auto layout = layout_of(shapes);
    if (!layout) return std::nullopt;
    Spec spec;
    if (layout->is_grouped) {
        spec.output_channels = shapes.outputs("to_img.2");
        spec.input_channels = spec.output_channels;
    } else {
        spec.input_channels = shapes.inputs(layout->first());
        const Shuffled end = last_shuffle(shapes, "to_img.0", spec.input_channels);
        spec.output_channels = end.channels;
        spec.scale = end.factor;
    }
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    const int parts = shapes.count("feats.");
    const int blocks = layout->is_grouped ? shapes.count("feats.0.layers.") : parts;
    spec.words = (layout->is_grouped ? std::to_string(parts) + " groups of " : "") +
                 blocks_of_channels(blocks, shapes.outputs(layout->first()));
    return spec;
}

/// The largest of each factor x factor pixels of a map of unshuffled ones.
Value reduced(ProgramBuilder& b, Value input, int factor, int unshuffle) {
    nn::Custom operation;
    operation.run = [factor](const std::vector<torch::Tensor>& inputs,
                             const nn::Custom::Weights& /*weights*/) {
        // Of channels behind others only a copy has them next to each other.
        return torch::max_pool2d(inputs.front().contiguous(torch::MemoryFormat::ChannelsLast),
                                 factor, factor);
    };
    operation.values = std::int64_t{factor} * factor * b.channels(input);
    return b.custom({input}, std::move(operation), b.channels(input), {1, factor * unshuffle});
}

/// The features times what parts of them, each seen at a scale of its own, come to.
Value modulated(ProgramBuilder& b, Value input, const std::string& name, const Layout& layout) {
    const int levels = layout.levels;
    const int channels = b.channels(input) / levels;
    if (channels * levels != b.channels(input)) {
        refuse_model(std::to_string(b.channels(input)) + " channels make no " +
                     std::to_string(levels) + " equal parts");
    }
    std::vector<Value> parts;
    for (int level = 0; level < levels; ++level) {
        const int factor = 1 << level;
        Value part = b.slice(input, level * channels, channels);
        if (level > 0) part = reduced(b, part, factor, layout.unshuffle);
        part = convolve_with_bias(b, part, name + ".mfr." + std::to_string(level), channels);
        parts.push_back(b.enlarge(part, factor));
    }
    const Value weights = convolve_with_bias(b, b.concat(parts), name + ".aggr");
    return b.product(b.activate(weights, Activation::gelu), input);
}

Value block(ProgramBuilder& b, Value input, const std::string& name, const Layout& layout) {
    Value x = modulated(b, b.channel_norm(input, name + ".norm1"), name + ".safm", layout);
    const Value middle = b.sum(x, input);
    x = convolve_with_bias(b, b.channel_norm(middle, name + ".norm2"), name + ".ccm.ccm.0");
    x = convolve_with_bias(b, b.activate(x, Activation::gelu), name + ".ccm.ccm.2");
    return b.sum(x, middle);
}

Value grouped_body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    Value x = head;
    for (int i = 0; i < shapes.count("feats."); ++i) {
        const std::string group = "feats." + std::to_string(i);
        Value inner = x;
        for (int k = 0; k < shapes.count(group + ".layers."); ++k) {
            inner = block(b, inner, layout.block(i, k), layout);
        }
        x = b.sum(convolve_with_bias(b, inner, group + ".conv"), x);
    }
    return b.sum(x, head);
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    if (layout.is_grouped) return grouped_body(b, shapes, layout, head);
    Value x = head;
    for (int i = 0; i < shapes.count("feats."); ++i) {
        x = block(b, x, layout.block(0, i), layout);
    }
    return b.sum(x, head);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes).value();
    const Spec spec = read(all, metadata).value();
    ProgramBuilder b(tensors, spec.input_channels);
    const int multiple = layout.unshuffle << (layout.levels - 1);
    b.cut_by({multiple, nn::Windows::Padding::reflection, kOverlap * layout.unshuffle});
    const Value picture = b.pixel_unshuffle(ProgramBuilder::kInput, layout.unshuffle);
    const Value head = convolve_with_bias(b, picture, layout.first());
    Value x = convolve_with_bias(b, body(b, shapes, layout, head), "to_img.0");
    x = b.pixel_shuffle(x, layout.is_grouped ? layout.unshuffle : spec.scale);
    return finished(b, layout.is_grouped ? convolve_with_bias(b, x, "to_img.2") : x);
}

}  // namespace

const Architecture& safmn_architecture() {
    static const Architecture kArchitecture{"safmn", "SAFMN", read, build};
    return kArchitecture;
}

}  // namespace sisr
