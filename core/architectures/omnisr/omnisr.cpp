#include "architectures/omnisr/omnisr.h"

#include "architectures/omnisr/groups.h"
#include "architectures/transformer.h"
#include "architectures/upsampling.h"

#include <algorithm>

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

// The heads, whatever the channels.
constexpr int kHeads = 4;

// Where no table of relative positions tells it.
constexpr int kUntoldWindow = 8;

// A grid is of the whole picture, and in a tile of the tile: the further a tile sees, the less that
// differs.
constexpr int kWindowsOfOverlap = 4;

constexpr double kMapEpsilon = 1e-6;  // of norms over maps; others have 1e-5

struct Layout {
    int groups = 0;
    int window = kUntoldWindow;
    bool has_bias = false;    ///< in convolutions outside of the blocks
    bool has_places = false;  ///< what is added by the places of pixels in their window
};

std::string group_at(int index) { return "residual_layer." + std::to_string(index); }

std::string layer_at(int group, int index) {
    return group_at(group) + ".residual_layer." + std::to_string(index);
}

std::string table_of(const std::string& attention) { return attention + ".fn.rel_pos_bias.weight"; }

/// A convolution follows them.
int blocks_of(const ShapeReader& shapes, int group) {
    int blocks = shapes.count(group_at(group) + ".residual_layer.");
    while (blocks > 0 && !shapes.has_any(layer_at(group, blocks - 1) + ".layer.")) --blocks;
    return blocks;
}

Layout layout_of(const ShapeReader& shapes) {
    Layout layout;
    layout.groups = shapes.count("residual_layer.");
    layout.has_bias = shapes.has("input.bias") || shapes.has("output.bias");
    for (const char* attention : {".layer.2", ".layer.8"}) {
        const std::string table = table_of(layer_at(0, 0) + attention);
        if (!shapes.has(table)) continue;
        layout.has_places = true;
        layout.window = window_of(shapes, table);
    }
    return layout;
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!shapes.has_all({"input.weight", "up.0.weight", layer_at(0, 0) + ".layer.0.fn.0.weight"})) {
        return std::nullopt;
    }
    const Layout layout = layout_of(shapes);
    Spec spec;
    spec.input_channels = shapes.inputs("input");
    const Shuffled end = last_shuffle(shapes, "up.0", spec.input_channels);
    spec.scale = end.factor;
    spec.output_channels = end.channels;
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    spec.words = std::to_string(layout.groups) + " groups of " +
                 blocks_of_channels(blocks_of(shapes, 0), shapes.outputs("input")) +
                 ", windows of " + std::to_string(layout.window);
    return spec;
}

/// A linear layer without bias, of one pixel.
Value linear_of_mean(ProgramBuilder& b, Value mean, const std::string& name) {
    const auto weight = b.take(name + ".weight");
    if (weight.dim() != 2 || weight.size(1) != b.channels(mean) || weight.size(0) == 0) {
        refuse_model("tensor \"" + name + ".weight\" does not fit " +
                     std::to_string(b.channels(mean)) + " channels");
    }
    return b.convolution_of(mean, weight.view({weight.size(0), weight.size(1), 1, 1}), {});
}

/// input + 1x1, 3x3 by channel, weighed by what the means of its channels tell, 1x1.
Value inverted_residual(ProgramBuilder& b, Value input, const std::string& name) {
    const int channels = b.channels(input);
    Value x = b.activate(convolve_with_bias(b, input, name + "0"), Activation::gelu);
    x = convolve_with_bias(b, x, name + "2", b.channels(x));
    x = b.activate(x, Activation::gelu);
    Value gate = linear_of_mean(b, b.global_mean(x), name + "4.gate.1");
    gate = linear_of_mean(b, b.activate(gate, Activation::silu), name + "4.gate.3");
    x = b.product(x, b.activate(gate, Activation::sigmoid));
    x = convolve_with_bias(b, x, name + "5");
    if (b.channels(x) != channels) refuse_model("tensor \"" + name + "5.weight\" does not fit");
    return b.sum(x, input);
}

/// input + half of what the norm and two convolutions make, gated by the other half. The halves are
/// made apart, so that each is dense.
Value gated(ProgramBuilder& b, Value input, const std::string& name) {
    const auto in = b.take(name + ".fn.project_in.weight");
    const std::int64_t half = in.dim() == 4 ? in.size(0) / 2 : 0;
    if (in.sizes() != std::vector<std::int64_t>{2 * half, b.channels(input), 1, 1} || half == 0) {
        refuse_model("tensor \"" + name + ".fn.project_in.weight\" makes no two halves of " +
                     std::to_string(b.channels(input)) + " channels");
    }
    const auto by_channel = b.take_of(name + ".fn.dwconv.weight", {2 * half, 1, 3, 3});
    const Value normed = b.channel_norm(input, name + ".norm", kMapEpsilon);
    const auto made = [&](std::int64_t first) {
        const Value x = b.convolution_of(normed, in.narrow(0, first, half), {});
        return b.convolution_of(x, by_channel.narrow(0, first, half), {}, static_cast<int>(half));
    };
    const Value gate = b.activate(made(0), Activation::gelu);
    return b.sum(b.convolution(b.product(gate, made(half)), name + ".fn.project_out"), input);
}

using Attend = torch::Tensor (*)(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                 const GroupedAttention& attention);

/// A Custom that attends; its weights and sizes are the caller's.
nn::Custom attending(Attend attend, const GroupedAttention& attention) {
    nn::Custom operation;
    operation.run = [attend, attention](const std::vector<torch::Tensor>& inputs,
                                        const nn::Custom::Weights& weights) {
        return attend(inputs.front().permute({0, 2, 3, 1}), weights, attention)
            .permute({0, 3, 1, 2});
    };
    return operation;
}

Value between_pixels(ProgramBuilder& b, Value input, const std::string& name, const Layout& layout,
                     Grouping grouping) {
    const int channels = b.channels(input);
    const int window = layout.window;
    nn::Custom operation = attending(attend_between_pixels, {grouping, window, kHeads});
    nn::Custom::Weights& weights = operation.weights;
    take_norm(b, weights, name + ".norm", "norm", channels);
    weights["to_qkv.weight"] = b.take_of(name + ".fn.to_qkv.weight", {3 * channels, channels});
    weights["to_out.weight"] = b.take_of(name + ".fn.to_out.0.weight", {channels, channels});
    if (layout.has_places) {
        const int side = 2 * window - 1;
        weights["bias"] = nn::attention::relative_bias(
            b.take_of(table_of(name), {side * side, kHeads}), {window, window});
    }
    b.ignore(name + ".fn.rel_pos_indices");
    operation.multiply_adds = 4LL * channels * channels + 2LL * window * window * channels;
    return b.custom({input}, std::move(operation));
}

Value between_channels(ProgramBuilder& b, Value input, const std::string& name,
                       const Layout& layout, Grouping grouping) {
    const int channels = b.channels(input);
    Value x = b.channel_norm(input, name + ".norm", kMapEpsilon);
    x = b.convolution(x, name + ".fn.qkv");
    if (b.channels(x) != 3 * channels) {
        refuse_model("tensor \"" + name + ".fn.qkv.weight\" makes no " +
                     std::to_string(3 * channels) + " channels");
    }
    x = b.convolution(x, name + ".fn.qkv_dwconv", 3 * channels);
    nn::Custom operation = attending(attend_between_channels, {grouping, layout.window, kHeads});
    operation.weights["temperature"] = b.take_of(name + ".fn.temperature", {kHeads, 1, 1});
    operation.multiply_adds = 2LL * channels * channels / kHeads;
    const nn::Resolution whole{1, 1};
    x = b.custom({x}, std::move(operation), channels, whole);
    return b.sum(b.convolution(x, name + ".fn.project_out"), input);
}

Value block(ProgramBuilder& b, Value input, const std::string& name, const Layout& layout) {
    Value x = inverted_residual(b, input, name + ".layer.0.fn.");
    x = between_pixels(b, x, name + ".layer.2", layout, Grouping::windows);
    x = gated(b, x, name + ".layer.4");
    x = between_channels(b, x, name + ".layer.5", layout, Grouping::windows);
    x = gated(b, x, name + ".layer.6");
    x = between_pixels(b, x, name + ".layer.8", layout, Grouping::grid);
    x = gated(b, x, name + ".layer.10");
    x = between_channels(b, x, name + ".layer.11", layout, Grouping::phases);
    return gated(b, x, name + ".layer.12");
}

/// What a coarse look at the surroundings makes of a map: every second pixel, the largest of 7x7 of
/// those at every third, and back to the map's size.
torch::Tensor look_around(const torch::Tensor& map, const nn::Custom::Weights& weights) {
    // Smaller ones have no 7x7 of every second pixel.
    constexpr std::int64_t kLeast = 15;
    const std::int64_t below = std::max<std::int64_t>(0, kLeast - map.size(2));
    const std::int64_t right = std::max<std::int64_t>(0, kLeast - map.size(3));
    auto x = torch::constant_pad_nd(map, {0, right, 0, below});
    x = torch::conv2d(x, weights.at("conv2.weight"), weights.at("conv2.bias"), 2);
    x = torch::max_pool2d(x, 7, 3);
    x = torch::conv2d(x, weights.at("conv3.weight"), weights.at("conv3.bias"), 1, 1);
    return torch::upsample_bilinear2d(x, {map.size(2), map.size(3)}, /*align_corners=*/false);
}

/// Each value times how much it counts, by its pixel and the surroundings (Liu et al. 2020,
/// "Residual Feature Aggregation Network", section 3.3, without its inner layers).
Value spatial_attention(ProgramBuilder& b, Value input, const std::string& name) {
    const Value few = convolve_with_bias(b, input, name + ".conv1");
    const int channels = b.channels(few);
    nn::Custom operation;
    for (const std::string layer : {"conv2", "conv3"}) {
        operation.weights[layer + ".weight"] =
            b.take_of(name + "." + layer + ".weight", {channels, channels, 3, 3});
        operation.weights[layer + ".bias"] = b.take_each(name + "." + layer + ".bias", channels);
    }
    operation.multiply_adds = 9LL * channels * channels / 4;
    operation.values = channels / 4;
    operation.run = [](const std::vector<torch::Tensor>& inputs,
                       const nn::Custom::Weights& weights) {
        return look_around(inputs.front(), weights);
    };
    const Value around = b.custom({few}, std::move(operation));
    const Value both = b.sum(around, convolve_with_bias(b, few, name + ".conv_f"));
    const Value gate = convolve_with_bias(b, both, name + ".conv4");
    return b.product(input, b.activate(gate, Activation::sigmoid));
}

Value convolve(ProgramBuilder& b, Value input, const std::string& name, const Layout& layout) {
    return layout.has_bias ? convolve_with_bias(b, input, name) : b.convolution(input, name);
}

Value group(ProgramBuilder& b, const ShapeReader& shapes, Value input, int index,
            const Layout& layout) {
    const int blocks = blocks_of(shapes, index);
    Value x = input;
    for (int i = 0; i < blocks; ++i) x = block(b, x, layer_at(index, i), layout);
    x = b.sum(convolve(b, x, layer_at(index, blocks), layout), input);
    return spatial_attention(b, x, group_at(index) + ".esa");
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Layout layout = layout_of(shapes);
    const Spec spec = read(all, metadata).value();
    ProgramBuilder b(tensors, spec.input_channels);
    b.cut_by({layout.window, nn::Windows::Padding::zeros, kWindowsOfOverlap * layout.window});
    const Value head = convolve(b, ProgramBuilder::kInput, "input", layout);
    if (b.channels(head) % kHeads != 0) {
        refuse_model(std::to_string(b.channels(head)) + " channels make no " +
                     std::to_string(kHeads) + " heads");
    }
    Value x = head;
    for (int i = 0; i < layout.groups; ++i) x = group(b, shapes, x, i, layout);
    x = b.sum(convolve(b, x, "output", layout), head);
    return finished(b, b.pixel_shuffle(convolve(b, x, "up.0", layout), spec.scale));
}

}  // namespace

const Architecture& omnisr_architecture() {
    static const Architecture kArchitecture{"omnisr", "OmniSR", read, build};
    return kArchitecture;
}

}  // namespace sisr
