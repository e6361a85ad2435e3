#include "architectures/atd/atd.h"

#include "architectures/atd/token_dictionary.h"
#include "architectures/transformer.h"
#include "architectures/upsampling.h"
#include "nn/mirrored.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr double kEpsilon = 1e-5;

// No tensor tells of how many pixels a category's groups are; the authors' light network, which
// alone shuffles so few channels to a picture, has half as many.
constexpr int kCategory = 256;
constexpr int kCategoryOfLight = 128;
constexpr int kChannelsOfLight = 48;

// Categories are of the whole picture, and in a tile of the tile.
constexpr int kWindowsOfOverlap = 2;

struct Layout {
    int channels = 0;
    int groups = 0;
    int window = 16;
    int category = kCategory;
    bool has_bias = false;  ///< of queries, keys, values and what is between categories
    PictureEnd end;
};

std::string group_at(int index) { return "layers." + std::to_string(index); }

std::string layer_at(int group, int index) {
    return group_at(group) + ".residual_group.layers." + std::to_string(index) + ".";
}

std::string table_of(const std::string& layer) {
    return layer + "attn_win.relative_position_bias_table";
}

bool is_atd(const ShapeReader& shapes) {
    const std::string first = layer_at(0, 0);
    return shapes.has_all({"conv_first.weight", "layers.0.residual_group.td",
                           first + "attn_atd.wq.weight", first + "attn_aca.logit_scale",
                           table_of(first)});
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.channels = shapes.outputs("conv_first");
    layout.groups = shapes.count("layers.");
    layout.window = window_of(shapes, table_of(layer_at(0, 0)));
    layout.end = picture_end(shapes, shapes.inputs("conv_first"));
    const bool is_light = layout.end.kind == Reconstruction::pixel_shuffle_direct &&
                          layout.channels == kChannelsOfLight;
    layout.category = is_light ? kCategoryOfLight : kCategory;
    layout.has_bias = shapes.has(layer_at(0, 0) + "wqkv.bias") ||
                      shapes.has(layer_at(0, 0) + "attn_aca.proj.bias");
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!is_atd(shapes)) return std::nullopt;
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
    spec.words =
        std::to_string(layout.groups) + " groups of " +
        blocks_of_channels(shapes.count("layers.0.residual_group.layers."), layout.channels) +
        ", windows of " + std::to_string(layout.window) + ", " +
        std::to_string(shapes.rows("layers.0.residual_group.td")) + " tokens";
    return spec;
}

/// Takes the weights of a layer, `name`, as those of layer `as`.
class LayerReader {
public:
    LayerReader(ProgramBuilder& builder, nn::Custom::Weights& weights, std::string name,
                std::string as, const Layout& layout, int tokens)
        : builder_(builder),
          weights_(weights),
          name_(std::move(name)),
          as_(std::move(as)),
          layout_(layout),
          tokens_(tokens) {}

    void attention(int heads) {
        const int channels = layout_.channels;
        take_norm(builder_, weights_, name_ + "norm1", as_ + "norm1", channels);
        linear("wqkv", 3 * channels, channels, layout_.has_bias);
        linear("attn_win.proj", channels, channels, true);
        linear("attn_aca.proj", channels, channels, layout_.has_bias);
        const auto few = builder_.take(name_ + "attn_atd.wq.weight").size(0);
        linear("attn_atd.wq", static_cast<int>(few), channels, layout_.has_bias);
        linear("attn_atd.wk", static_cast<int>(few), channels, layout_.has_bias);
        linear("attn_atd.wv", channels, channels, layout_.has_bias);
        const auto scale = builder_.take_each(name_ + "attn_atd.scale", tokens_).clamp(0, 1);
        weights_[as_ + "attn_atd.scale"] = 1 + scale * std::log(static_cast<double>(tokens_));
        const int side = 2 * layout_.window - 1;
        weights_[as_ + "bias"] =
            nn::attention::relative_bias(builder_.take_of(table_of(name_), {side * side, heads}),
                                         {layout_.window, layout_.window});
    }

    double alike_scale() {
        constexpr double kMost = 100;
        const auto scale = builder_.take_of(name_ + "attn_aca.logit_scale", {1, 1});
        return std::min(std::exp(scale.item<double>()), kMost);
    }

    /// What follows the attention.
    void mixing() {
        const int channels = layout_.channels;
        take_norm(builder_, weights_, name_ + "norm2", as_ + "norm2", channels);
        const std::string inner = name_ + "convffn.";
        const auto hidden = static_cast<int>(builder_.take(inner + "fc1.bias").numel());
        take_linear(builder_, weights_, inner + "fc1", as_ + "fc1", hidden, channels);
        required(inner + "fc2.bias");
        take_linear(builder_, weights_, inner + "fc2", as_ + "fc2", channels, hidden);
        const std::string convolution = inner + "dwconv.depthwise_conv.0";
        const auto kernel = builder_.take(convolution + ".weight");
        const std::int64_t side = kernel.dim() == 4 ? kernel.size(2) : 0;
        if (kernel.sizes() != std::vector<std::int64_t>{hidden, 1, side, side} || side % 2 == 0) {
            refuse_model("tensor \"" + convolution + ".weight\" is no convolution of each of " +
                         std::to_string(hidden) + " channels");
        }
        weights_[as_ + "depthwise.weight"] = kernel;
        weights_[as_ + "depthwise.bias"] = builder_.take_each(convolution + ".bias", hidden);
    }

    void refinement() {
        take_norm(builder_, weights_, name_ + "norm3", as_ + "norm3", tokens_);
        weights_[as_ + "keep"] = builder_.take_of(name_ + "sigma", {tokens_, 1}).sigmoid();
    }

private:
    void linear(const std::string& part, int outputs, int inputs, bool has_bias) {
        if (has_bias) required(name_ + part + ".bias");
        take_linear(builder_, weights_, name_ + part, as_ + part, outputs, inputs);
    }

    void required(const std::string& name) const {
        if (!builder_.has(name)) refuse_model("tensor \"" + name + "\" is missing");
    }

    ProgramBuilder& builder_;
    nn::Custom::Weights& weights_;
    const std::string name_;
    const std::string as_;
    const Layout& layout_;
    const int tokens_;
};

int heads_of(const ShapeReader& shapes, const Layout& layout, int group) {
    const int heads = shapes.columns(table_of(layer_at(group, 0)));
    if (layout.channels % heads != 0) {
        refuse_model(std::to_string(layout.channels) + " channels make no " +
                     std::to_string(heads) + " heads");
    }
    return heads;
}

/// Multiply-adds of a pixel: in products by weights, and in attention.
std::int64_t multiply_adds(const nn::Custom::Weights& weights, const Layout& layout,
                           std::size_t layers, std::int64_t tokens) {
    std::int64_t sum = 0;
    for (const auto& [name, weight] : weights) {
        const bool is_of_pixels = name.find("weight") != std::string::npos && weight.dim() != 1;
        if (is_of_pixels) sum += weight.numel();
    }
    const std::int64_t seen = 2LL * layout.window * layout.window + 2LL * layout.category + tokens;
    return sum + static_cast<std::int64_t>(layers) * seen * layout.channels;
}

/// The layers of a group are one: they hand their tokens on.
Value transformer_layers(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout,
                         int group, Value input) {
    nn::Custom operation;
    const std::string dictionary = group_at(group) + ".residual_group.td";
    const int tokens = shapes.rows(dictionary);
    const int count = shapes.count(group_at(group) + ".residual_group.layers.");
    operation.weights["dictionary"] = b.take_of(dictionary, {tokens, layout.channels});
    std::vector<DictionaryLayer> layers;
    for (int i = 0; i < count; ++i) {
        DictionaryLayer layer;
        layer.window = layout.window;
        layer.shift = i % 2 == 0 ? 0 : layout.window / 2;
        layer.heads = heads_of(shapes, layout, group);
        layer.category = layout.category;
        layer.is_last = i == count - 1;
        LayerReader reader(b, operation.weights, layer_at(group, i), std::to_string(i) + ".",
                           layout, tokens);
        reader.attention(layer.heads);
        reader.mixing();
        if (!layer.is_last) reader.refinement();
        layer.alike_scale = reader.alike_scale();
        layers.push_back(layer);
    }
    operation.multiply_adds = multiply_adds(operation.weights, layout, layers.size(), tokens);
    operation.values =
        std::max<std::int64_t>(4LL * layout.channels + tokens, layout.channels + 3LL * tokens);
    operation.run = [layers](const std::vector<torch::Tensor>& inputs,
                             const nn::Custom::Weights& weights) {
        const auto map = inputs.front().permute({0, 2, 3, 1});
        return run_dictionary_layers(map, weights, layers).permute({0, 3, 1, 2});
    };
    return b.custom({input}, std::move(operation));
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const Layout& layout, Value head) {
    Value x = head;
    if (b.has("patch_embed.norm.weight") || b.has("patch_embed.norm.bias")) {
        x = b.channel_norm(x, "patch_embed.norm", kEpsilon);
    }
    for (int i = 0; i < layout.groups; ++i) {
        const Value made = transformer_layers(b, shapes, layout, i, x);
        x = b.sum(one_or_three_convolutions(b, made, group_at(i) + ".conv"), x);
    }
    x = b.channel_norm(x, "norm", kEpsilon);
    return b.sum(one_or_three_convolutions(b, x, "conv_after_body"), head);
}

/// Sides made multiples of the window by their reflection, border pixels among it.
Value padded(ProgramBuilder& b, Value picture, int window) {
    nn::Custom operation;
    operation.run = [window](const std::vector<torch::Tensor>& inputs,
                             const nn::Custom::Weights& /*weights*/) {
        auto made = inputs.front();
        for (const std::int64_t axis : {2, 3}) {
            const std::int64_t missing = nn::missing_for(made.size(axis), window);
            made = nn::mirrored(made, axis, 0, missing, nn::Border::twice);
        }
        return made;
    };
    return b.custom({picture}, std::move(operation));
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    b.cut_by({layout.window, nn::Windows::Padding::none, kWindowsOfOverlap * layout.window});
    b.ignore("relative_position_index_SA");
    b.ignore("no_norm");
    const bool is_centred = !b.has("no_norm");
    Value picture = padded(b, ProgramBuilder::kInput, layout.window);
    if (is_centred) picture = centred(b, picture, 1);
    const Value head = convolve_with_bias(b, picture, "conv_first");
    Value x = reconstruct(b, body(b, shapes, layout, head), layout.end);
    if (layout.end.kind == Reconstruction::none) x = b.sum(x, picture);
    return finished(b, is_centred ? uncentred(b, x, 1) : x);
}

}  // namespace

const Architecture& atd_architecture() {
    static const Architecture kArchitecture{"atd", "ATD", read, build};
    return kArchitecture;
}

}  // namespace sisr
