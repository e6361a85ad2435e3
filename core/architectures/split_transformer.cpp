#include "architectures/split_transformer.h"

#include "architectures/upsampling.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sisr {
namespace {

using nn::ProgramBuilder;
using nn::Value;
using nn::attention::Window;
using Weights = nn::Custom::Weights;

constexpr double kEpsilon = 1e-5;
constexpr int kLargestWindow = 64;

// Windows are shifted by half of one, so a pixel's influence fades over a few; these are long.
constexpr int kWindowsOfOverlap = 2;

std::string group_at(int index) { return "layers." + std::to_string(index); }

std::string block_at(int group, int index) {
    return group_at(group) + ".blocks." + std::to_string(index);
}

std::string windows_at(const std::string& block, int half) {
    return block + ".attn.attns." + std::to_string(half);
}

/// The sides of the first block's windows, the shorter first. No weight depends on them, but what
/// is computed from them is in the file too: a row for each two pixels' distance, (2 height - 1) *
/// (2 width - 1), and for each pixel, height * width.
Window sides_of_window(const ShapeReader& shapes) {
    const std::string distances = windows_at(block_at(0, 0), 0) + ".rpe_biases";
    const int area = shapes.rows(windows_at(block_at(0, 0), 0) + ".relative_position_index");
    const int rows = shapes.rows(distances);
    for (int shorter = 1; shorter <= kLargestWindow && shorter * shorter <= area; ++shorter) {
        const int longer = area / shorter;
        if (longer > kLargestWindow || longer * shorter != area) continue;
        if ((2 * shorter - 1) * (2 * longer - 1) == rows) return {shorter, longer};
    }
    refuse_model("tensor \"" + distances + "\" is for no window");
}

/// The same as the first half's lie: the last row is the longest distance.
Window window_of_first_half(ProgramBuilder& b, const ShapeReader& shapes) {
    const Window sides = sides_of_window(shapes);
    const std::string name = windows_at(block_at(0, 0), 0) + ".rpe_biases";
    const auto distances = b.take_of(name, {shapes.rows(name), 2});
    if (distances.is_meta()) return sides;
    const auto last = distances[-1];
    const Window window{std::lround(last[0].item<float>()) + 1,
                        std::lround(last[1].item<float>()) + 1};
    const auto is = [&window](std::int64_t height, std::int64_t width) {
        return window.height == height && window.width == width;
    };
    if (!is(sides.height, sides.width) && !is(sides.width, sides.height)) {
        refuse_model("tensor \"" + name + "\" does not end with a window's longest distance");
    }
    return window;
}

/// Every second block of those that attend in windows.
bool is_shifted(int group, int block) { return group % 2 == 0 ? block % 4 == 2 : block % 4 == 0; }

/// What a small network, by which the distances of a window's pixels become numbers for each head,
/// tells: [heads, L, L].
torch::Tensor position_bias(ProgramBuilder& b, const std::string& name, Window window,
                            int channels) {
    Weights weights;
    const auto features = static_cast<int>(b.take(name + ".pos_proj.bias").numel());
    const auto heads = static_cast<int>(b.take(name + ".pos3.2.bias").numel());
    if (heads < 1 || channels % heads != 0) {
        refuse_model("tensor \"" + name + ".pos3.2.bias\" is of " + std::to_string(heads) +
                     " heads, which " + std::to_string(channels) + " channels do not make");
    }
    take_linear(b, weights, name + ".pos_proj", "pos_proj", features, 2, Bias::expected);
    if (weights.at("pos_proj.weight").is_meta()) {
        return torch::empty({heads, window.area(), window.area()}, torch::kMeta);
    }
    const auto down = torch::arange(1 - window.height, window.height, torch::kFloat32);
    const auto across = torch::arange(1 - window.width, window.width, torch::kFloat32);
    auto x =
        torch::stack({down.repeat_interleave(across.size(0)), across.repeat({down.size(0)})}, 1);
    x = nn::attention::linear(x, weights, "pos_proj");
    for (const char* part : {"pos1", "pos2", "pos3"}) {
        const std::string layer = name + "." + part;
        const int outputs = std::string(part) == "pos3" ? heads : features;
        take_norm(b, weights, layer + ".0", "norm", features);
        take_linear(b, weights, layer + ".2", "linear", outputs, features, Bias::expected);
        x = torch::relu(nn::attention::layer_norm(x, weights, "norm"));
        x = nn::attention::linear(x, weights, "linear");
    }
    return nn::attention::relative_bias(x, window);
}

Value body(ProgramBuilder& b, const ShapeReader& shapes, const AppendBlock& append, Value head) {
    SplitBlock block;
    block.windows.window = window_of_first_half(b, shapes);
    const int multiple = static_cast<int>(block.windows.multiple());
    b.cut_by({multiple, nn::Windows::Padding::none, kWindowsOfOverlap * multiple});
    const int groups = shapes.count("layers.");
    for (int group = 0; group < groups; ++group) {
        for (int i = 0; i < shapes.count(group_at(group) + ".blocks."); ++i) {
            const std::string attention = block_at(group, i) + ".attn.";
            const bool has_bias = b.has(attention + "qkv.bias") || b.has(attention + "q.bias");
            if (has_bias) block.query_bias = Bias::expected;
        }
    }
    Value x = b.channel_norm(head, "before_RG.1", kEpsilon);
    for (int group = 0; group < groups; ++group) {
        const Value input = x;
        const int blocks = shapes.count(group_at(group) + ".blocks.");
        for (block.index = 0; block.index < blocks; ++block.index) {
            block.group = group_at(group);
            block.name = block_at(group, block.index);
            block.windows.is_shifted = is_shifted(group, block.index);
            x = append(b, x, block);
        }
        x = b.sum(one_or_three_convolutions(b, x, group_at(group) + ".conv"), input);
    }
    return b.sum(
        one_or_three_convolutions(b, b.channel_norm(x, "norm", kEpsilon), "conv_after_body"), head);
}

PictureEnd end_of(const ShapeReader& shapes) {
    const std::string before = "conv_before_upsample.0.weight";
    if (shapes.has("conv_last.weight") && !shapes.has(before)) {
        refuse_model("tensor \"" + before + "\" is missing");
    }
    return picture_end(shapes, shapes.inputs("conv_first"));
}

}  // namespace

bool is_split_transformer(const ShapeReader& shapes) {
    const std::string block = block_at(0, 0);
    return shapes.has_all({"conv_first.weight", "before_RG.1.weight", "norm.weight",
                           block + ".norm1.weight", block + ".attn.qkv.weight",
                           windows_at(block, 0) + ".pos.pos_proj.weight"}) &&
           (shapes.has("conv_last.weight") || shapes.has("upsample.0.weight"));
}

Spec split_transformer_spec(const ShapeReader& shapes) {
    const PictureEnd end = end_of(shapes);
    const Window sides = sides_of_window(shapes);
    const int groups = shapes.count("layers.");
    Spec spec;
    spec.input_channels = shapes.inputs("conv_first");
    spec.output_channels = end.channels;
    spec.scale = product(end.steps);
    spec.exactness = Exactness::approximate;
    spec.is_bf16_safe = false;
    spec.words =
        std::to_string(groups) + (groups == 1 ? " group of " : " groups of ") +
        blocks_of_channels(shapes.count("layers.0.blocks."), shapes.outputs("conv_first")) +
        ", windows of " + std::to_string(sides.height) + "x" + std::to_string(sides.width);
    return spec;
}

Built build_split_transformer(const Tensors& tensors, const AppendBlock& append) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    ProgramBuilder b(tensors, shapes.inputs("conv_first"));
    const Value picture = centred(b, ProgramBuilder::kInput, 1);
    const Value features = body(b, shapes, append, convolve_with_bias(b, picture, "conv_first"));
    return finished(b, uncentred(b, reconstruct(b, features, end_of(shapes)), 1));
}

void take_depthwise(ProgramBuilder& builder, Weights& weights, const std::string& name,
                    const std::string& as, int channels) {
    weights[as + ".weight"] = builder.take_of(name + ".weight", {channels, 1, 3, 3});
    weights[as + ".bias"] = builder.take_each(name + ".bias", channels);
}

void take_split_attention(ProgramBuilder& builder, Weights& weights, const SplitBlock& block,
                          int channels) {
    const std::string name = block.name + ".attn";
    if (channels % 2 != 0) refuse_model(std::to_string(channels) + " channels have no half");
    take_linear(builder, weights, name + ".qkv", "attn.qkv", 3 * channels, channels,
                block.query_bias);
    take_linear(builder, weights, name + ".proj", "attn.proj", channels, channels, Bias::expected);
    for (const int half : {0, 1}) {
        const std::string at = windows_at(block.name, half);
        weights["bias." + std::to_string(half)] =
            position_bias(builder, at + ".pos", block.windows.of(half), channels / 2);
        for (const char* derived : {".rpe_biases", ".relative_position_index"}) {
            builder.ignore(at + derived);
        }
        builder.ignore(name + ".attn_mask_" + std::to_string(half));
    }
}

void take_gated_mlp(ProgramBuilder& builder, Weights& weights, const SplitBlock& block,
                    const std::string& name, int channels) {
    const std::string from = block.name + "." + name;
    take_norm(builder, weights, block.name + ".norm2", "norm2", channels);
    const auto hidden = static_cast<int>(builder.take(from + ".fc1.bias").numel());
    const int half = hidden / 2;
    if (hidden < 2 || hidden % 2 != 0) {
        refuse_model("tensor \"" + from + ".fc1.bias\" has no half");
    }
    Weights both;
    take_linear(builder, both, from + ".fc1", "fc1", hidden, channels, Bias::expected);
    for (const char* part : {".weight", ".bias"}) {
        const auto& all = both.at(std::string("fc1") + part);
        weights[name + ".value" + part] = all.narrow(0, 0, half).clone();
        weights[name + ".gate" + part] = all.narrow(0, half, half).clone();
    }
    take_norm(builder, weights, from + ".sg.norm", name + ".sg.norm", half);
    take_depthwise(builder, weights, from + ".sg.conv", name + ".sg.conv", half);
    take_linear(builder, weights, from + ".fc2", name + ".fc2", channels, half, Bias::expected);
}

Value append_on_maps(ProgramBuilder& builder, std::vector<Value> inputs, Weights weights,
                     OnMaps run, std::int64_t values, std::int64_t multiply_adds) {
    nn::Custom operation;
    operation.values = values;
    operation.multiply_adds = multiply_adds;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() == 2 || weight.dim() == 4) operation.multiply_adds += weight.numel();
    }
    operation.weights = std::move(weights);
    operation.run = [run = std::move(run)](const std::vector<torch::Tensor>& given,
                                           const Weights& of_layer) {
        std::vector<torch::Tensor> pictures;
        for (std::int64_t i = 0; i < given.front().size(0); ++i) {
            std::vector<torch::Tensor> maps;
            for (const auto& value : given) {
                maps.push_back(value[i].permute({1, 2, 0}).contiguous());
            }
            pictures.push_back(run(maps, of_layer).unsqueeze(0));
        }
        const auto all = pictures.size() == 1 ? pictures.front() : torch::cat(pictures);
        return all.permute({0, 3, 1, 2});
    };
    return builder.custom(std::move(inputs), std::move(operation));
}

std::int64_t split_attention_multiply_adds(const SplitBlock& block, int channels) {
    return 2 * block.windows.window.area() * channels;
}

}  // namespace sisr
