#include "architectures/rcan/rcan.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

struct Layout {
    bool is_basicsr = false;
    bool is_unshuffled = false;  ///< a form of the authors' layout
    int groups = 0;
    int blocks = 0;  ///< in a group

    std::string first() const {
        if (is_basicsr) return "conv_first";
        return is_unshuffled ? "head.1" : "head.0";
    }
    std::string group(int index) const {
        return "body." + std::to_string(index) + (is_basicsr ? ".residual_group." : ".body.");
    }
    /// After group(i) and the block's number: convolutions 0 and 2, and what attends.
    std::string inner() const { return is_basicsr ? ".rcab." : ".body."; }
    std::string squeeze() const { return inner() + (is_basicsr ? "3.attention.1" : "3.conv_du.0"); }
    std::string excite() const { return inner() + (is_basicsr ? "3.attention.3" : "3.conv_du.2"); }
    std::string group_end(int index) const {
        return is_basicsr ? "body." + std::to_string(index) + ".conv"
                          : group(index) + std::to_string(blocks);
    }
    std::string trunk() const {
        return is_basicsr ? "conv_after_body" : "body." + std::to_string(groups);
    }
    std::string steps() const { return is_basicsr ? "upsample." : "tail.0."; }
    std::string last() const { return is_basicsr ? "conv_last" : "tail.1"; }
};

std::optional<Layout> layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.is_basicsr = shapes.has("body.0.residual_group.0.rcab.0.weight");
    const bool is_original = shapes.has("body.0.body.0.body.0.weight") &&
                             shapes.has_any("body.0.body.0.body.3.conv_du.");
    if (!layout.is_basicsr && !is_original) return std::nullopt;
    layout.is_unshuffled = is_original && shapes.has_any("head.1.");
    layout.groups = shapes.count("body.") - (layout.is_basicsr ? 0 : 1);
    layout.blocks = shapes.count(layout.group(0)) - (layout.is_basicsr ? 0 : 1);
    return layout;
}

int unshuffle_of(const ShapeReader& shapes, const Layout& layout) {
    if (!layout.is_unshuffled) return 1;
    const int outputs = shapes.outputs(layout.last());
    const int inputs = shapes.inputs(layout.first());
    const auto factor = inputs % outputs == 0 ? square_root(inputs / outputs) : std::nullopt;
    if (!factor)
        refuse_model("tensor \"" + layout.first() + ".weight\" sees no unshuffled picture");
    return *factor;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const auto layout = layout_of(shapes);
    if (!layout) return std::nullopt;
    const int features = shapes.outputs(layout->first());
    const int unshuffle = unshuffle_of(shapes, *layout);
    Spec spec;
    spec.input_channels = shapes.inputs(layout->first()) / (unshuffle * unshuffle);
    spec.output_channels = shapes.outputs(layout->last());
    const int enlarged = product(shuffle_steps(shapes, layout->steps(), features));
    if (enlarged % unshuffle != 0) {
        refuse_model("its result is no whole multiple of its input's size");
    }
    if (layout->is_basicsr && (spec.input_channels != 3 || spec.output_channels != 3)) {
        refuse_model("is of other than 3 channels, whose mean its file does not tell");
    }
    spec.scale = enlarged / unshuffle;
    spec.exactness = Exactness::approximate;  // the attention's means are of the whole picture
    spec.words = std::to_string(layout->groups) + " groups of " +
                 blocks_of_channels(layout->blocks, features);
    return spec;
}

/// Two convolutions whose result is weighed by what the means of its channels tell.
Value block(ProgramBuilder& b, const Layout& layout, const std::string& name, Value input) {
    const auto convolved = [&](Value value, const std::string& layer) {
        return convolve_with_bias(b, value, name + layer);
    };
    Value x = b.activate(convolved(input, layout.inner() + "0"), Activation::relu);
    x = convolved(x, layout.inner() + "2");
    Value gate = convolved(b.global_mean(x), layout.squeeze());
    gate = convolved(b.activate(gate, Activation::relu), layout.excite());
    return b.sum(b.product(x, b.activate(gate, Activation::sigmoid)), input);
}

Value body(ProgramBuilder& b, const Layout& layout, Value head) {
    Value features = head;
    for (int i = 0; i < layout.groups; ++i) {
        Value inner = features;
        for (int k = 0; k < layout.blocks; ++k) {
            inner = block(b, layout, layout.group(i) + std::to_string(k), inner);
        }
        features = b.sum(convolve_with_bias(b, inner, layout.group_end(i)), features);
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
    features = b.pixel_unshuffle(features, unshuffle_of(shapes, layout));
    features = body(b, layout, convolve_with_bias(b, features, layout.first()));
    features = enlarge_by_steps(b, features, layout.steps(),
                                shuffle_steps(shapes, layout.steps(), b.channels(features)));
    features = convolve_with_bias(b, features, layout.last());
    return finished(b, with_mean(b, features, layout.is_basicsr));
}

}  // namespace

const Architecture& rcan_architecture() {
    static const Architecture kArchitecture{"rcan", "RCAN", read, build};
    return kArchitecture;
}

}  // namespace sisr
