#include "architectures/swinir/swinir.h"

#include "architectures/transformer.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr const char* kTable = ".attn.relative_position_bias_table";

// The authors' networks against JPEG's artifacts, which alone have windows of 7, take values up to
// 255; no tensor tells it.
constexpr int kJpegWindow = 7;
constexpr double kJpegRange = 255;

// Windows are shifted by half of one from block to block, so a pixel's influence fades over a few.
constexpr int kWindowsOfOverlap = 4;

struct Layout {
    std::string first;  ///< the first convolution
    int unshuffle = 1;
    int groups = 0;
    int window = 8;
    PictureEnd end;

    double range() const { return window == kJpegWindow ? kJpegRange : 1; }
};

std::string group_at(int index) { return "layers." + std::to_string(index); }

std::string block_at(int group, int index) {
    return group_at(group) + ".residual_group.blocks." + std::to_string(index);
}

bool is_swinir(const ShapeReader& shapes) {
    return (shapes.has("conv_first.weight") || shapes.has("conv_first.1.weight")) &&
           shapes.has_all({"layers.0.residual_group.blocks.0.norm1.weight",
                           "layers.0.residual_group.blocks.0.attn.qkv.weight",
                           "layers.0.residual_group.blocks.0.mlp.fc1.bias",
                           std::string("layers.0.residual_group.blocks.0") + kTable}) &&
           // Networks that came after it, with more in their blocks.
           !shapes.has_any("layers.0.residual_group.overlap_attn.") &&
           !shapes.has_any("layers.0.residual_group.blocks.0.conv_block.") &&
           !shapes.has_any("layers.0.residual_group.blocks.0.attn.logit_scale");
}

/// How many colour channels the first convolution sees, which may see an unshuffled picture.
int unshuffle_of(int inputs) {
    for (const int channels : {3, 1, 4}) {
        const auto factor = inputs % channels == 0 ? square_root(inputs / channels) : std::nullopt;
        if (factor) return *factor;
    }
    refuse_model("tensor \"conv_first.1.weight\" sees no unshuffled picture");
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    const bool is_unshuffled = shapes.has("conv_first.1.weight");
    layout.first = is_unshuffled ? "conv_first.1" : "conv_first";
    if (is_unshuffled) layout.unshuffle = unshuffle_of(shapes.inputs(layout.first));
    layout.groups = shapes.count("layers.");
    layout.window = window_of(shapes, block_at(0, 0) + kTable);
    const int area = layout.unshuffle * layout.unshuffle;
    layout.end = picture_end(shapes, shapes.inputs(layout.first) / area);
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_swinir(shapes)) return std::nullopt;
    if (shapes.has("absolute_pos_embed")) {
        refuse_model("adds a learned value to each place of a picture of one size");
    }
    const Layout layout = layout_of(shapes);
    Spec spec;
    spec.input_channels = shapes.inputs(layout.first) / (layout.unshuffle * layout.unshuffle);
    spec.output_channels = layout.end.channels;
    const int enlarged = product(layout.end.steps);
    if (enlarged % layout.unshuffle != 0) {
        refuse_model("its result is no whole multiple of its input's size");
    }
    spec.scale = enlarged / layout.unshuffle;
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    spec.words = std::to_string(layout.groups) + " groups of " +
                 blocks_of_channels(shapes.count("layers.0.residual_group.blocks."),
                                    shapes.outputs(layout.first)) +
                 ", windows of " + std::to_string(layout.window);
    return spec;
}

Value group(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, int index,
            Value input) {
    Value x = input;
    const int blocks = shapes.count(group_at(index) + ".residual_group.blocks.");
    for (int i = 0; i < blocks; ++i) {
        const std::string name = block_at(index, i);
        nn::SwinBlock block;
        block.window = layout.window;
        block.shift = i % 2 == 0 ? 0 : layout.window / 2;
        block.heads = shapes.columns(name + kTable);
        x = swin_layer(b, x, name, block);
    }
    return b.sum(one_or_three_convolutions(b, x, group_at(index) + ".conv"), input);
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    constexpr double kEpsilon = 1e-5;
    Value x = head;
    if (b.has("patch_embed.norm.weight")) x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    for (int i = 0; i < layout.groups; ++i) x = group(b, shapes, layout, i, x);
    x = b.channel_norm(x, "norm", kEpsilon);
    return b.sum(one_or_three_convolutions(b, x, "conv_after_body"), head);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    const int channels = shapes.inputs(layout.first) / (layout.unshuffle * layout.unshuffle);
    ProgramBuilder b(tensors, channels);
    b.cut_by({layout.window * layout.unshuffle, nn::Windows::Padding::reflection,
              kWindowsOfOverlap * layout.window * layout.unshuffle});
    const Value picture = centred(b, ProgramBuilder::kInput, layout.range());
    const Value head =
        convolve_with_bias(b, b.pixel_unshuffle(picture, layout.unshuffle), layout.first);
    Value x = reconstruct(b, body(b, shapes, layout, head), layout.end);
    if (layout.end.kind == Reconstruction::none) x = b.sum(x, picture);
    return finished(b, uncentred(b, x, layout.range()));
}

}  // namespace

const Architecture& swinir_architecture() {
    static const Architecture kArchitecture{"swinir", "SwinIR", read, build};
    return kArchitecture;
}

}  // namespace sisr
