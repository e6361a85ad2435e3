#include "architectures/srformer/srformer.h"

#include "architectures/transformer.h"
#include "architectures/upsampling.h"
#include "nn/attention/permuted.h"

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr double kEpsilon = 1e-5;

constexpr int kWindowsOfOverlap = 2;  // which are large

constexpr const char* kTable = ".attn.relative_position_bias_table";

std::string group_at(int index) { return "layers." + std::to_string(index); }

std::string block_at(int group, int index) {
    return group_at(group) + ".residual_group.blocks." + std::to_string(index);
}

struct Layout {
    int groups = 0;
    int window = 24;
    Bias query_bias = Bias::none;  ///< of queries, keys and values
    PictureEnd end;
};

bool is_srformer(const ShapeReader& shapes) {
    const std::string first = block_at(0, 0);
    return shapes.has_all({"conv_first.weight", first + ".norm1.weight", first + ".attn.q.weight",
                           first + ".attn.kv.weight", first + kTable,
                           first + ".mlp.dwconv.depthwise_conv.0.weight"});
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.groups = shapes.count("layers.");
    // The table is of places of four pixels.
    layout.window = 2 * window_of(shapes, block_at(0, 0) + kTable);
    const std::string attention = block_at(0, 0) + ".attn.";
    if (shapes.has(attention + "q.bias") || shapes.has(attention + "kv.bias")) {
        layout.query_bias = Bias::expected;
    }
    layout.end = picture_end(shapes, shapes.inputs("conv_first"));
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_srformer(shapes)) return std::nullopt;
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
                               const std::string& name, int channels, Bias query_bias) {
    nn::Custom::Weights weights;
    take_norm(b, weights, name + ".norm1", "norm1", channels);
    take_linear(b, weights, name + ".attn.q", "query", channels, channels, query_bias);
    take_linear(b, weights, name + ".attn.kv", "key_value", channels / 2, channels, query_bias);
    take_linear(b, weights, name + ".attn.proj", "proj", channels, channels, Bias::expected);
    take_norm(b, weights, name + ".norm2", "norm2", channels);
    const int hidden = shapes.rows(name + ".mlp.fc1.weight");
    take_linear(b, weights, name + ".mlp.fc1", "fc1", hidden, channels, Bias::expected);
    take_linear(b, weights, name + ".mlp.fc2", "fc2", channels, hidden, Bias::expected);
    const std::string convolution = name + ".mlp.dwconv.depthwise_conv.0";
    const int kernel = shapes.kernel(convolution);
    if (kernel % 2 == 0) {
        refuse_model("tensor \"" + convolution + ".weight\" has a kernel of even size");
    }
    weights["convolution.weight"] = b.take_of(convolution + ".weight", {hidden, 1, kernel, kernel});
    weights["convolution.bias"] = b.take_each(convolution + ".bias", hidden);
    return weights;
}

/// Multiply-adds for each pixel.
std::int64_t multiply_adds(const nn::Custom::Weights& weights, int channels, int window) {
    // Of all pixels' pairs with a quarter of them: two products.
    std::int64_t sum = std::int64_t{window} * window * channels / 2;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() == 2 || weight.dim() == 4) sum += weight.numel();
    }
    return sum;
}

Value block(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout,
            const std::string& name, bool is_odd, Value input) {
    const int channels = b.channels(input);
    nn::PermutedBlock block;
    block.window = layout.window;
    block.heads = shapes.columns(name + kTable);
    if (channels % block.heads != 0 || channels % 4 != 0) {
        refuse_model(std::to_string(channels) + " channels make no " + std::to_string(block.heads) +
                     " heads of fours of pixels");
    }
    // Trained on patches no larger than a window, blocks have no mask and are not shifted.
    if (is_odd && b.has(name + ".attn_mask")) block.shift = layout.window / 2;
    nn::Custom operation;
    operation.weights = weights_of(b, shapes, name, channels, layout.query_bias);
    operation.multiply_adds = multiply_adds(operation.weights, channels, layout.window);
    const int side = layout.window - 1;
    operation.weights["bias"] =
        nn::permuted_bias(b.take_of(name + kTable, {side * side, block.heads}), layout.window);
    b.ignore(name + ".attn.aligned_relative_position_index");
    b.ignore(name + ".attn_mask");
    operation.values = 2LL * channels;
    operation.run = [block](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& weights) {
        const auto pixels = inputs.front().permute({0, 2, 3, 1});
        const auto attended = nn::permuted_attention(pixels, weights, block);
        return nn::convolved_mlp(attended, weights).permute({0, 3, 1, 2});
    };
    return b.custom({input}, std::move(operation));
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    Value x = head;
    if (shapes.has_any("patch_embed.norm.")) x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    for (int i = 0; i < layout.groups; ++i) {
        Value inner = x;
        const int blocks = shapes.count(group_at(i) + ".residual_group.blocks.");
        for (int k = 0; k < blocks; ++k) {
            inner = block(b, shapes, layout, block_at(i, k), k % 2 == 1, inner);
        }
        x = b.sum(one_or_three_convolutions(b, inner, group_at(i) + ".conv"), x);
    }
    x = b.channel_norm(x, "norm", kEpsilon);
    return b.sum(one_or_three_convolutions(b, x, "conv_after_body"), head);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    b.cut_by({layout.window, nn::Windows::Padding::reflection, kWindowsOfOverlap * layout.window});
    const Value picture = centred(b, ProgramBuilder::kInput, 1);
    const Value head = convolve_with_bias(b, picture, "conv_first");
    Value x = reconstruct(b, body(b, shapes, layout, head), layout.end);
    if (layout.end.kind == Reconstruction::none) x = b.sum(x, picture);
    return finished(b, uncentred(b, x, 1));
}

}  // namespace

const Architecture& srformer_architecture() {
    static const Architecture kArchitecture{"srformer", "SRFormer", read, build};
    return kArchitecture;
}

}  // namespace sisr
