#include "architectures/dat/dat.h"

#include "architectures/split_transformer.h"
#include "nn/attention/dual_aggregation.h"
#include "nn/attention/gated_mlp.h"

#include <utility>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;
using Weights = nn::Custom::Weights;

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const bool is_dat = is_split_transformer(shapes) &&
                        shapes.has_all({"layers.0.blocks.0.ffn.fc1.weight",
                                        "layers.0.blocks.0.attn.channel_interaction.1.weight"});
    if (!is_dat) return std::nullopt;
    return split_transformer_spec(shapes);
}

/// A convolution of one pixel as a linear layer, with the batch norm behind it.
void take_pointwise(ProgramBuilder& b, Weights& weights, const std::string& name,
                    const std::string& norm, const std::string& as, int outputs, int inputs) {
    const auto weight = b.take_of(name + ".weight", {outputs, inputs, 1, 1});
    if (norm.empty()) {
        weights[as + ".weight"] = weight.view({outputs, inputs});
        weights[as + ".bias"] = b.take_each(name + ".bias", outputs);
        return;
    }
    const auto folded = take_normed(b, name, norm, Bias::expected);
    weights[as + ".weight"] = folded.weight.view({outputs, inputs});
    weights[as + ".bias"] = folded.bias;
}

/// The convolution beside the attention, and by what they weigh one another.
void take_interaction(ProgramBuilder& b, Weights& weights, const std::string& name, int channels) {
    b.take_of(name + ".dwconv.0.weight", {channels, 1, 3, 3});
    const auto folded = take_normed(b, name + ".dwconv.0", name + ".dwconv.1", Bias::expected);
    weights["dwconv.weight"] = folded.weight;
    weights["dwconv.bias"] = folded.bias;
    const std::string channel = name + ".channel_interaction.";
    const std::string spatial = name + ".spatial_interaction.";
    take_pointwise(b, weights, channel + "1", channel + "2", "channel.0", channels / 8, channels);
    take_pointwise(b, weights, channel + "4", "", "channel.1", channels, channels / 8);
    take_pointwise(b, weights, spatial + "0", spatial + "1", "spatial.0", channels / 16, channels);
    take_pointwise(b, weights, spatial + "3", "", "spatial.1", 1, channels / 16);
}

Value between_pixels(ProgramBuilder& b, Value input, const SplitBlock& block, Weights weights) {
    const int channels = b.channels(input);
    take_split_attention(b, weights, block, channels);
    const auto run = [windows = block.windows](const std::vector<torch::Tensor>& maps,
                                               const Weights& of_block) {
        return nn::attention::dual_spatial(maps.front(), of_block, windows);
    };
    return append_on_maps(b, {input}, std::move(weights), run, 3LL * channels,
                          split_attention_multiply_adds(block, channels));
}

Value between_channels(ProgramBuilder& b, Value input, const SplitBlock& block, Weights weights) {
    const int channels = b.channels(input);
    const std::string name = block.name + ".attn";
    const auto heads = static_cast<int>(b.take(name + ".temperature").numel());
    if (heads < 1 || channels % heads != 0) {
        refuse_model("tensor \"" + name + ".temperature\" is of " + std::to_string(heads) +
                     " heads, which " + std::to_string(channels) + " channels do not make");
    }
    weights["temperature"] = b.take_of(name + ".temperature", {heads, 1, 1});
    take_linear(b, weights, name + ".qkv", "attn.qkv", 3 * channels, channels, block.query_bias);
    take_linear(b, weights, name + ".proj", "attn.proj", channels, channels, Bias::expected);
    const auto run = [](const std::vector<torch::Tensor>& maps, const Weights& of_block) {
        return nn::attention::dual_channel(maps.front(), of_block);
    };
    return append_on_maps(b, {input}, std::move(weights), run, 3LL * channels,
                          2LL * channels * channels / heads);
}

Value block_of_dat(ProgramBuilder& b, Value input, const SplitBlock& block) {
    const int channels = b.channels(input);
    if (channels < 16) refuse_model("its blocks have fewer than 16 channels");
    Weights attention;
    take_norm(b, attention, block.name + ".norm1", "norm1", channels);
    take_interaction(b, attention, block.name + ".attn", channels);
    const auto append = block.index % 2 == 0 ? between_pixels : between_channels;
    const Value attended = append(b, input, block, std::move(attention));
    Weights feed_forward;
    take_gated_mlp(b, feed_forward, block, "ffn", channels);
    const auto run = [](const std::vector<torch::Tensor>& maps, const Weights& of_block) {
        return nn::attention::gated_mlp(maps.front(), of_block, "norm2", "ffn");
    };
    return append_on_maps(b, {attended}, std::move(feed_forward), run, channels);
}

Built build(const Tensors& tensors, const Metadata& /*metadata*/) {
    return build_split_transformer(tensors, block_of_dat);
}

}  // namespace

const Architecture& dat_architecture() {
    static const Architecture kArchitecture{"dat", "DAT", read, build};
    return kArchitecture;
}

}  // namespace sisr
