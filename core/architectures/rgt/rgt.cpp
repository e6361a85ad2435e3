#include "architectures/rgt/rgt.h"

#include "architectures/split_transformer.h"
#include "nn/attention/gated_mlp.h"
#include "nn/attention/recursive_attention.h"

#include <utility>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;
using Weights = nn::Custom::Weights;

// Pixels of the map that stands for a picture: up to 4000, by its size.
constexpr std::int64_t kPixelsOfMap = 1000;

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const bool is_rgt =
        is_split_transformer(shapes) &&
        shapes.has_all({"layers.0.blocks.0.gamma", "layers.0.blocks.0.mlp.fc1.weight"});
    if (!is_rgt) return std::nullopt;
    Spec spec = split_transformer_spec(shapes);
    spec.min_size = 16;
    return spec;
}

/// Of a group whose first block tells half of it.
int heads_of(ProgramBuilder& b, const SplitBlock& block, int channels) {
    const std::string name = block.group + ".blocks.0.attn.attns.0.pos.pos3.2.bias";
    const auto heads = 2 * static_cast<int>(b.take(name).numel());
    if (heads < 2 || channels % heads != 0) {
        refuse_model("tensor \"" + name + "\" is of half of " + std::to_string(heads) +
                     " heads, which " + std::to_string(channels) + " channels do not make");
    }
    return heads;
}

Value in_windows(ProgramBuilder& b, Value input, const SplitBlock& block, Weights weights) {
    const int channels = b.channels(input);
    take_split_attention(b, weights, block, channels);
    take_depthwise(b, weights, block.name + ".attn.get_v", "get_v", channels);
    const auto run = [windows = block.windows](const std::vector<torch::Tensor>& maps,
                                               const Weights& of_block) {
        return nn::attention::local_attention(maps.front(), of_block, windows);
    };
    return append_on_maps(b, {input}, std::move(weights), run, 3LL * channels,
                          split_attention_multiply_adds(block, channels));
}

Value to_whole(ProgramBuilder& b, Value input, const SplitBlock& block, Weights weights) {
    const int channels = b.channels(input);
    const std::string name = block.name + ".attn.";
    const int heads = heads_of(b, block, channels);
    const auto inner = static_cast<int>(b.take(name + "conv.bias").numel());
    if (inner < 1 || inner % heads != 0) {
        refuse_model("tensor \"" + name + "conv.bias\" is for no " + std::to_string(heads) +
                     " heads");
    }
    weights["reduction1.weight"] = b.take_of(name + "reduction1.weight", {channels, 1, 4, 4});
    weights["reduction1.bias"] = b.take_each(name + "reduction1.bias", channels);
    take_depthwise(b, weights, name + "dwconv", "dwconv", channels);
    weights["conv.weight"] =
        b.take_of(name + "conv.weight", {inner, channels, 1, 1}).view({inner, channels});
    weights["conv.bias"] = b.take_each(name + "conv.bias", inner);
    take_norm(b, weights, name + "norm_act.0", "norm_act.0", inner);
    take_linear(b, weights, name + "q", "q", inner, channels, block.query_bias);
    take_linear(b, weights, name + "k", "k", inner, inner, block.query_bias);
    take_linear(b, weights, name + "v", "v", channels, inner, block.query_bias);
    take_depthwise(b, weights, name + "cpe", "cpe", channels);
    take_linear(b, weights, name + "proj", "attn.proj", channels, channels, Bias::expected);
    const auto run = [heads](const std::vector<torch::Tensor>& maps, const Weights& of_block) {
        return nn::attention::recursive_attention(maps.front(), of_block, heads);
    };
    return append_on_maps(b, {input}, std::move(weights), run, channels / 4,
                          kPixelsOfMap * (inner + channels));
}

Value block_of_rgt(ProgramBuilder& b, Value input, const SplitBlock& block) {
    const int channels = b.channels(input);
    Weights attention;
    take_norm(b, attention, block.name + ".norm1", "norm1", channels);
    const auto append = block.index % 2 == 0 ? in_windows : to_whole;
    const Value attended = append(b, input, block, std::move(attention));
    Weights feed_forward;
    take_gated_mlp(b, feed_forward, block, "mlp", channels);
    feed_forward["gamma"] = b.take_each(block.name + ".gamma", channels);
    const auto run = [](const std::vector<torch::Tensor>& maps, const Weights& of_block) {
        return nn::attention::gated_mlp(maps[0], of_block, "norm2", "mlp")
            .addcmul_(maps[1], of_block.at("gamma"));
    };
    return append_on_maps(b, {attended, input}, std::move(feed_forward), run, 0);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    return build_split_transformer(tensors, block_of_rgt);
}

}  // namespace

const Architecture& rgt_architecture() {
    static const Architecture kArchitecture{"rgt", "RGT", read, build};
    return kArchitecture;
}

}  // namespace sisr
