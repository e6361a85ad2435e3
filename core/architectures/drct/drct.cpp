#include "architectures/drct/drct.h"

#include "architectures/transformer.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr double kEpsilon = 1e-5;
constexpr double kSlope = 0.2;
constexpr double kGroupScale = 0.2;

constexpr int kBlocks = 5;
constexpr int kWindowsOfOverlap = 2;  // which are large

constexpr const char* kTable = ".attn.relative_position_bias_table";

std::string part_at(int group, const char* part, int index) {
    return "layers." + std::to_string(group) + "." + part + std::to_string(index + 1);
}

std::string block_at(int group, int index) { return part_at(group, "swin", index); }

struct Layout {
    int groups = 0;
    int window = 16;
    PictureEnd end;
};

bool is_drct(const ShapeReader& shapes) {
    return shapes.has_all({"conv_first.weight", block_at(0, 0) + ".attn.qkv.weight",
                           block_at(0, 0) + kTable, "layers.0.adjust1.weight",
                           block_at(0, 4) + ".norm1.weight", "layers.0.adjust5.weight"});
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.groups = shapes.count("layers.");
    layout.window = window_of(shapes, block_at(0, 0) + kTable);
    layout.end = picture_end(shapes, shapes.inputs("conv_first"));
    if (layout.end.kind != Reconstruction::pixel_shuffle) {
        refuse_model("tensor \"conv_before_upsample.0.weight\" is missing");
    }
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_drct(shapes)) return std::nullopt;
    if (shapes.has("absolute_pos_embed")) {
        refuse_model("adds a learned value to each place of a picture of one size");
    }
    const Layout layout = layout_of(shapes);
    Spec spec;
    spec.input_channels = shapes.inputs("conv_first");
    spec.output_channels = layout.end.channels;
    spec.scale = product(layout.end.steps);
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    spec.words = std::to_string(layout.groups) + " groups of " +
                 blocks_of_channels(kBlocks, shapes.outputs("conv_first")) + ", windows of " +
                 std::to_string(layout.window);
    return spec;
}

Value group(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, int index,
            Value input) {
    std::vector<Value> made{input};
    for (int i = 0; i < kBlocks; ++i) {
        const std::string name = block_at(index, i);
        nn::SwinBlock block;
        block.window = layout.window;
        block.heads = shapes.columns(name + kTable);
        // Trained on patches no larger than a window, blocks have no mask and are not shifted.
        if (i % 2 == 1 && b.has(name + ".attn_mask")) block.shift = layout.window / 2;
        const Value x = convolve_with_bias(b, swin_layer(b, b.concat(made), name, block),
                                           part_at(index, "adjust", i));
        if (i == kBlocks - 1) return b.sum(input, x, 1, kGroupScale);
        made.push_back(b.leaky_relu(x, kSlope));
    }
    return input;
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    Value x = head;
    if (shapes.has_any("patch_embed.norm.")) x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    for (int i = 0; i < layout.groups; ++i) x = group(b, shapes, layout, i, x);
    x = b.channel_norm(x, "norm", kEpsilon);
    if (shapes.has_any("conv_after_body.")) x = convolve_with_bias(b, x, "conv_after_body");
    return b.sum(x, head);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    b.cut_by({layout.window, nn::Windows::Padding::reflection, kWindowsOfOverlap * layout.window});
    const Value head = convolve_with_bias(b, centred(b, ProgramBuilder::kInput, 1), "conv_first");
    const Value made = reconstruct(b, body(b, shapes, layout, head), layout.end);
    return finished(b, uncentred(b, made, 1));
}

}  // namespace

const Architecture& drct_architecture() {
    static const Architecture kArchitecture{"drct", "DRCT", read, build};
    return kArchitecture;
}

}  // namespace sisr
