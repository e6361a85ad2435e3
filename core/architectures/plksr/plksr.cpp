#include "architectures/plksr/plksr.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

// Published with the network; no tensor tells it.
constexpr int kNormGroups = 4;

std::string layer_at(int index) { return "feats." + std::to_string(index); }

/// What distinguishes the files.
struct Layout {
    bool is_real = false;
    int blocks = 0;
    int last = 0;  ///< the convolution behind the blocks
    bool has_attention = false;
    bool has_group_norm = false;
    bool has_channel_norm = false;
    bool is_sampled = false;  ///< enlarged by learned places

    // The first release's name lacks a letter, and stayed.
    std::string mixer(int block, int index) const {
        return layer_at(block) + (is_real ? ".channel_mixer." : ".channe_mixer.") +
               std::to_string(index);
    }
};

bool is_layout(const ShapeReader& shapes, bool is_real) {
    return shapes.has_all({"feats.0.weight", "feats.1.refine.weight"}) &&
           shapes.has_any(is_real ? "feats.1.channel_mixer." : "feats.1.channe_mixer.");
}

Layout layout_of(const ShapeReader& shapes, bool is_real) {
    Layout layout;
    layout.is_real = is_real;
    layout.last = shapes.count("feats.") - 1;
    // A dropout may stand between the blocks and the last convolution.
    layout.blocks = layout.last - 1;
    if (!shapes.has_any(layer_at(layout.blocks) + ".")) --layout.blocks;
    if (shapes.has("feats.1.lk.convs.0.weight")) {
        refuse_model("has sparse large kernels, whose dilations its file does not tell");
    }
    layout.has_attention = shapes.has_any("feats.1.attn.");
    layout.has_group_norm = shapes.has_any("feats.1.norm.");
    layout.has_channel_norm = shapes.has_any("feats.1.layer_norm.");
    layout.is_sampled = shapes.has_any("to_img.offset.");
    return layout;
}

std::optional<Spec> read(const Shapes& all, bool is_real) {
    const ShapeReader shapes(all);
    if (!is_layout(shapes, is_real)) return std::nullopt;
    const Layout layout = layout_of(shapes, is_real);
    Spec spec;
    spec.input_channels = shapes.inputs(layer_at(0));
    spec.output_channels = spec.input_channels;  // since the input is added
    spec.scale = shuffle_factor(shapes, layer_at(layout.last), spec.input_channels);
    spec.words = blocks_of_channels(layout.blocks, shapes.outputs(layer_at(0)));
    if (shapes.has("feats.1.lk.conv.weight")) {
        const std::string size = std::to_string(shapes.kernel("feats.1.lk.conv"));
        spec.words += ", kernels of " + size + "x" + size;
    }
    if (layout.is_sampled) spec.words += ", DySample";
    if (layout.has_group_norm || layout.is_sampled) spec.exactness = Exactness::approximate;
    return spec;
}

/// A wide kernel on the first channels; the others pass.
Value large_kernel(ProgramBuilder& b, Value input, const std::string& name) {
    const bool is_cross = b.has(name + ".mn_conv.weight") || b.has(name + ".mn_conv.bias");
    const std::string kernel = name + (is_cross ? ".mn_conv" : ".conv");
    const auto weight = b.take(kernel + ".weight");
    const int channels = weight.dim() == 4 ? static_cast<int>(weight.size(0)) : 0;
    if (channels < 1 || channels > b.channels(input)) {
        refuse_model("tensor \"" + kernel + ".weight\" is no kernel for a part of " +
                     std::to_string(b.channels(input)) + " channels");
    }
    const Value part = b.slice(input, 0, channels);
    Value wide = 0;
    if (is_cross) {
        const Value tall = convolve_with_bias(b, part, kernel);
        const Value broad = convolve_with_bias(b, part, name + ".nm_conv");
        wide = b.sum(b.sum(tall, broad), convolve_with_bias(b, part, name + ".nn_conv"));
    } else {
        wide = convolve_with_bias(b, part, kernel);
    }
    const int rest = b.channels(input) - channels;
    return rest == 0 ? wide : b.concat({wide, b.slice(input, channels, rest)});
}

Value block(ProgramBuilder& b, const Layout& layout, int index, Value input) {
    const std::string name = layer_at(index);
    Value x = input;
    if (layout.has_channel_norm) x = b.channel_norm(x, name + ".layer_norm");
    x = convolve_with_bias(b, x, layout.mixer(index, 0));
    x = b.activate(x, layout.is_real ? Activation::mish : Activation::gelu);
    x = convolve_with_bias(b, x, layout.mixer(index, 2));
    x = large_kernel(b, x, name + ".lk");
    if (layout.has_attention) {
        const Value gate = convolve_with_bias(b, x, name + ".attn.f.0");
        x = b.product(x, b.activate(gate, Activation::sigmoid));
    }
    x = convolve_with_bias(b, x, name + ".refine");
    if (layout.has_group_norm) x = b.group_norm(x, name + ".norm", kNormGroups);
    return b.sum(x, input);
}

/// Each channel `count` times behind itself.
Value repeated(ProgramBuilder& b, Value input, int count) {
    const int channels = b.channels(input);
    const auto weight = torch::eye(channels).repeat_interleave(count, 0);
    return b.convolution_of(input, weight.reshape({channels * count, channels, 1, 1}).contiguous(),
                            {});
}

Built build(const Tensors& tensors, bool is_real) {
    const Shapes all = shapes_of(tensors);
    const Layout layout = layout_of(ShapeReader(all), is_real);
    const Spec spec = read(all, is_real).value();
    ProgramBuilder b(tensors, spec.input_channels);
    Value features = convolve_with_bias(b, ProgramBuilder::kInput, layer_at(0));
    for (int i = 1; i <= layout.blocks; ++i) features = block(b, layout, i, features);
    const Value details = convolve_with_bias(b, features, layer_at(layout.last));
    if (layout.is_sampled) {
        const Value copies = repeated(b, ProgramBuilder::kInput, spec.scale * spec.scale);
        return finished(b, sample_enlarged(b, b.sum(details, copies), "to_img", spec.scale));
    }
    // Each pixel's channels, repeated and shuffled, are the picture enlarged.
    return finished(b, b.sum(b.pixel_shuffle(details, spec.scale),
                             b.enlarge(ProgramBuilder::kInput, spec.scale)));
}

}  // namespace

const Architecture& plksr_architecture() {
    static const Architecture kArchitecture{
        "plksr", "PLKSR", [](const Shapes& shapes, const Metadata&) { return read(shapes, false); },
        [](const Tensors& tensors, const Metadata&) { return build(tensors, false); }};
    return kArchitecture;
}

const Architecture& realplksr_architecture() {
    static const Architecture kArchitecture{
        "realplksr", "RealPLKSR",
        [](const Shapes& shapes, const Metadata&) { return read(shapes, true); },
        [](const Tensors& tensors, const Metadata&) { return build(tensors, true); }};
    return kArchitecture;
}

}  // namespace sisr
