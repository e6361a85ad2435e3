#include "architectures/hat/hat.h"

#include "architectures/transformer.h"
#include "architectures/upsampling.h"
#include "nn/attention/overlapping.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

constexpr double kEpsilon = 1e-5;

// How much the convolutions count beside the attention, which no file tells.
constexpr double kConvolutionScale = 0.01;

// Windows are large here, and the means of the weighed channels are of a whole tile anyhow.
constexpr int kWindowsOfOverlap = 2;

std::string group_at(int index) { return "layers." + std::to_string(index); }

std::string block_at(int group, int index) {
    return group_at(group) + ".residual_group.blocks." + std::to_string(index);
}

std::string overlapping_at(int group) { return group_at(group) + ".residual_group.overlap_attn"; }

std::string table_of(const std::string& attention) {
    return attention + ".relative_position_bias_table";
}

struct Layout {
    int groups = 0;
    int window = 16;
    int around = 0;            ///< pixels that a window looks at beyond its borders
    bool is_convolved = true;  ///< at the end of each group, and of all
    PictureEnd end;
};

bool is_hat(const ShapeReader& shapes) {
    return shapes.has_all({"conv_first.weight", "layers.0.residual_group.blocks.0.norm1.weight",
                           "layers.0.residual_group.blocks.0.conv_block.cab.0.weight",
                           "layers.0.residual_group.overlap_attn.qkv.weight",
                           table_of(block_at(0, 0) + ".attn"), table_of(overlapping_at(0))});
}

int around_of(const ShapeReader& shapes, int window) {
    const std::string table = table_of(overlapping_at(0));
    for (int around = 0; around <= 2 * window; ++around) {
        const int side = 2 * window + 2 * around - 1;
        if (side * side == shapes.rows(table)) return around;
    }
    refuse_model("tensor \"" + table + "\" is for no windows of " + std::to_string(window) +
                 " that look as far on all sides");
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.groups = shapes.count("layers.");
    layout.window = window_of(shapes, table_of(block_at(0, 0) + ".attn"));
    if (layout.window < 2) refuse_model("its windows are of one pixel");
    layout.around = around_of(shapes, layout.window);
    layout.is_convolved = shapes.has_any("conv_after_body.");
    layout.end = picture_end(shapes, shapes.inputs("conv_first"));
    if (layout.end.kind != Reconstruction::pixel_shuffle) {
        refuse_model("tensor \"conv_before_upsample.0.weight\" is missing");
    }
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_hat(shapes)) return std::nullopt;
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

/// Two convolutions of the normed features, weighed by what the means of their channels tell.
Value convolved(ProgramBuilder& b, const std::string& name, Value input) {
    const std::string inner = name + ".conv_block.cab.";
    Value x = b.channel_norm(input, name + ".norm1", kEpsilon);
    x = b.activate(convolve_with_bias(b, x, inner + "0"), Activation::gelu);
    x = convolve_with_bias(b, x, inner + "2");
    Value gate = convolve_with_bias(b, b.global_mean(x), inner + "3.attention.1");
    gate = convolve_with_bias(b, b.activate(gate, Activation::relu), inner + "3.attention.3");
    return b.product(x, times(b, b.activate(gate, Activation::sigmoid), kConvolutionScale));
}

/// Multiply-adds for each pixel.
std::int64_t multiply_adds(const nn::Custom::Weights& weights, int channels,
                           const nn::OverlappingBlock& block) {
    std::int64_t sum = 2LL * block.seen() * block.seen() * channels;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() == 2) sum += weight.numel();
    }
    return sum;
}

/// `name`.qkv as "query" and "key_value".
void take_queries(ProgramBuilder& b, nn::Custom::Weights& weights, const std::string& name,
                  int channels) {
    nn::Custom::Weights all;
    take_linear(b, all, name, "qkv", 3 * channels, channels);
    for (const auto& [part, values] : all) {
        const std::string end = part.substr(part.find('.'));
        weights["query" + end] = values.narrow(0, 0, channels).contiguous();
        weights["key_value" + end] = values.narrow(0, channels, 2 * channels).contiguous();
    }
}

Value overlapping_layer(ProgramBuilder& b, const ShapeReader& shapes, const std::string& name,
                        const nn::OverlappingBlock& block, Value input) {
    const int channels = b.channels(input);
    nn::Custom operation;
    nn::Custom::Weights& weights = operation.weights;
    take_norm(b, weights, name + ".norm1", "norm1", channels);
    take_norm(b, weights, name + ".norm2", "norm2", channels);
    take_queries(b, weights, name + ".qkv", channels);
    take_linear(b, weights, name + ".proj", "proj", channels, channels, Bias::expected);
    const int hidden = shapes.rows(name + ".mlp.fc1.weight");
    take_linear(b, weights, name + ".mlp.fc1", "mlp.fc1", hidden, channels, Bias::expected);
    take_linear(b, weights, name + ".mlp.fc2", "mlp.fc2", channels, hidden, Bias::expected);
    operation.multiply_adds = multiply_adds(weights, channels, block);
    const int side = block.window + block.seen() - 1;
    weights["bias"] =
        nn::overlapping_bias(b.take_of(table_of(name), {side * side, block.heads}), block);
    operation.values = 3LL * channels;
    operation.run = [block](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& of_block) {
        const auto pixels = inputs.front().permute({0, 2, 3, 1});
        return nn::overlapping_block(pixels, of_block, block).permute({0, 3, 1, 2});
    };
    return b.custom({input}, std::move(operation));
}

Value group(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, int index,
            Value input) {
    const int heads = shapes.columns(table_of(overlapping_at(index)));
    if (b.channels(input) % heads != 0) {
        refuse_model(std::to_string(b.channels(input)) + " channels make no " +
                     std::to_string(heads) + " heads");
    }
    Value x = input;
    const int blocks = shapes.count(group_at(index) + ".residual_group.blocks.");
    for (int i = 0; i < blocks; ++i) {
        const std::string name = block_at(index, i);
        const int shift = i % 2 == 0 ? 0 : layout.window / 2;
        x = swin_layer(b, x, name, {layout.window, shift, heads}, convolved(b, name, x));
    }
    x = overlapping_layer(b, shapes, overlapping_at(index), {layout.window, layout.around, heads},
                          x);
    if (layout.is_convolved) x = convolve_with_bias(b, x, group_at(index) + ".conv");
    return b.sum(x, input);
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    Value x = head;
    if (shapes.has_any("patch_embed.norm.")) x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    for (int i = 0; i < layout.groups; ++i) x = group(b, shapes, layout, i, x);
    x = b.channel_norm(x, "norm", kEpsilon);
    if (layout.is_convolved) x = convolve_with_bias(b, x, "conv_after_body");
    return b.sum(x, head);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    b.cut_by({layout.window, nn::Windows::Padding::reflection, kWindowsOfOverlap * layout.window});
    b.ignore("relative_position_index_SA");
    b.ignore("relative_position_index_OCA");
    const Value head = convolve_with_bias(b, centred(b, ProgramBuilder::kInput, 1), "conv_first");
    const Value made = reconstruct(b, body(b, shapes, layout, head), layout.end);
    return finished(b, uncentred(b, made, 1));
}

}  // namespace

const Architecture& hat_architecture() {
    static const Architecture kArchitecture{"hat", "HAT", read, build};
    return kArchitecture;
}

}  // namespace sisr
