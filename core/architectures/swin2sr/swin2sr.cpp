#include "architectures/swin2sr/swin2sr.h"

#include "architectures/swin2sr/picture.h"
#include "architectures/transformer.h"
#include "architectures/upsampling.h"
#include "nn/attention/cosine.h"

#include <cmath>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;
using swin2sr::Layout;

constexpr double kEpsilon = 1e-5;

constexpr int kLargestWindow = 64;

constexpr int kWindowsOfOverlap = 4;

std::string block_at(const std::string& group, int index) {
    return group + ".residual_group.blocks." + std::to_string(index);
}

bool is_swin2sr(const ShapeReader& shapes) {
    const std::string first = block_at("layers.0", 0);
    return shapes.has_all({"conv_first.weight", "patch_embed.proj.weight", first + ".norm1.weight",
                           first + ".mlp.fc1.bias", first + ".attn.logit_scale",
                           first + ".attn.relative_position_index"});
}

/// Nothing else tells it: what is added to the scores is computed, for windows of any size.
int window_of_index(const ShapeReader& shapes) {
    const std::string index = block_at("layers.0", 0) + ".attn.relative_position_index";
    for (int window = 2; window <= kLargestWindow; ++window) {
        if (window * window == shapes.rows(index)) return window;
    }
    refuse_model("tensor \"" + index + "\" is for no square window");
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.groups = shapes.count("layers.");
    layout.window = window_of_index(shapes);
    layout.end = picture_end(shapes, shapes.inputs("conv_first"));
    layout.has_bicubic = shapes.has_any("conv_bicubic.");
    layout.has_details = !layout.has_bicubic && shapes.has_any("conv_after_body_hf.");
    if (shapes.kernel("patch_embed.proj") != 1) {
        refuse_model("tensor \"patch_embed.proj.weight\" is of patches of several pixels");
    }
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_swin2sr(shapes)) return std::nullopt;
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
                 blocks_of_channels(shapes.count("layers.0.residual_group.blocks."),
                                    shapes.outputs("conv_first")) +
                 ", windows of " + std::to_string(layout.window);
    return spec;
}

nn::Custom::Weights weights_of(ProgramBuilder& b, const ShapeReader& shapes,
                               const std::string& name, int channels) {
    nn::Custom::Weights weights;
    take_linear(b, weights, name + ".attn.qkv", "attn.qkv", 3 * channels, channels, Bias::none);
    const std::string attention = name + ".attn.";
    if (b.has(attention + "q_bias") || b.has(attention + "v_bias")) {
        const auto query = b.take_each(attention + "q_bias", channels);
        weights["attn.qkv.bias"] = torch::cat(
            {query, torch::zeros_like(query), b.take_each(attention + "v_bias", channels)});
    }
    take_linear(b, weights, name + ".attn.proj", "attn.proj", channels, channels, Bias::expected);
    take_norm(b, weights, name + ".norm1", "norm1", channels);
    take_norm(b, weights, name + ".norm2", "norm2", channels);
    const int hidden = shapes.rows(name + ".mlp.fc1.weight");
    take_linear(b, weights, name + ".mlp.fc1", "mlp.fc1", hidden, channels, Bias::expected);
    take_linear(b, weights, name + ".mlp.fc2", "mlp.fc2", channels, hidden, Bias::expected);
    return weights;
}

/// Multiply-adds for each pixel.
std::int64_t multiply_adds(const nn::Custom::Weights& weights, int channels, int window) {
    std::int64_t sum = 2LL * window * window * channels;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() == 2) sum += weight.numel();
    }
    return sum;
}

/// What the scores are multiplied by and what is added to them.
void take_scores(ProgramBuilder& b, const ShapeReader& shapes, nn::Custom::Weights& weights,
                 const std::string& attention, const nn::SwinBlock& block) {
    constexpr double kMost = 100;  // of what a cosine is multiplied by
    const auto scale = b.take_of(attention + "logit_scale", {block.heads, 1, 1});
    weights["scale"] = scale.clamp_max(std::log(kMost)).exp();
    const int hidden = shapes.rows(attention + "cpb_mlp.0.weight");
    weights["bias"] = nn::continuous_bias(
        b.take_of(attention + "cpb_mlp.0.weight", {hidden, 2}),
        b.take_each(attention + "cpb_mlp.0.bias", hidden),
        b.take_of(attention + "cpb_mlp.2.weight", {block.heads, hidden}), block.window);
    b.ignore(attention + "relative_coords_table");
    b.ignore(attention + "relative_position_index");
}

Value block(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout,
            const std::string& name, bool is_odd, Value input) {
    const int channels = b.channels(input);
    nn::SwinBlock block;
    block.window = layout.window;
    block.heads = shapes.rows(name + ".attn.cpb_mlp.2.weight");
    if (channels % block.heads != 0) {
        refuse_model(std::to_string(channels) + " channels make no " + std::to_string(block.heads) +
                     " heads");
    }
    // Trained on patches no larger than a window, blocks have no mask and are not shifted.
    if (is_odd && b.has(name + ".attn_mask")) block.shift = layout.window / 2;
    b.ignore(name + ".attn_mask");
    nn::Custom operation;
    operation.weights = weights_of(b, shapes, name, channels);
    operation.multiply_adds = multiply_adds(operation.weights, channels, layout.window);
    take_scores(b, shapes, operation.weights, name + ".attn.", block);
    operation.values = 2LL * channels;
    operation.run = [block](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& weights) {
        const auto pixels = inputs.front().permute({0, 2, 3, 1});
        return nn::cosine_block(pixels, weights, block).permute({0, 3, 1, 2});
    };
    return b.custom({input}, std::move(operation));
}

Value group(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout,
            const std::string& name, Value input) {
    Value x = input;
    const int blocks = shapes.count(name + ".residual_group.blocks.");
    for (int i = 0; i < blocks; ++i) {
        x = block(b, shapes, layout, block_at(name, i), i % 2 == 1, x);
    }
    x = one_or_three_convolutions(b, x, name + ".conv");
    return b.sum(convolve_with_bias(b, x, name + ".patch_embed.proj"), input);
}

/// groups: "layers." or "layers_hf.".
Value features(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout,
               const std::string& groups, Value head) {
    Value x = convolve_with_bias(b, head, "patch_embed.proj");
    if (shapes.has_any("patch_embed.norm.")) x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    for (int i = 0; i < layout.groups; ++i) {
        x = group(b, shapes, layout, groups + std::to_string(i), x);
    }
    return b.channel_norm(x, "norm", kEpsilon);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    b.cut_by({layout.window, layout.padding(), kWindowsOfOverlap * layout.window});
    const Value picture =
        swin2sr::padded(b, layout, centred(b, ProgramBuilder::kInput, layout.range()));
    const Value head = convolve_with_bias(b, picture, "conv_first");
    Value x = one_or_three_convolutions(b, features(b, shapes, layout, "layers.", head),
                                        "conv_after_body");
    x = b.sum(x, head);
    if (layout.has_details) {
        const auto further = [&](Value value) {
            return features(b, shapes, layout, "layers_hf.", value);
        };
        x = swin2sr::picture_with_details(b, layout, x, further);
    } else if (layout.has_bicubic) {
        x = swin2sr::picture_over_bicubic(b, layout, x, picture);
    } else {
        x = reconstruct(b, x, layout.end);
        if (layout.end.kind == Reconstruction::none) x = b.sum(x, picture);
    }
    return finished(b, uncentred(b, x, layout.range()));
}

}  // namespace

const Architecture& swin2sr_architecture() {
    static const Architecture kArchitecture{"swin2sr", "Swin2SR", read, build};
    return kArchitecture;
}

}  // namespace sisr
