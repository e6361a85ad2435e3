#include "architectures/transformer.h"

#include "architectures/upsampling.h"

#include <utility>

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

// As BasicSR writes it for all its networks.
torch::Tensor mean_of_div2k() { return torch::tensor({0.4488F, 0.4371F, 0.4040F}); }

constexpr int kLargestWindow = 64;

constexpr double kSlope = 0.2;
constexpr double kSlopeBeforeUpsample = 0.01;  // LeakyReLU as it is by default

std::string numbered(const std::string& name, std::size_t number) {
    return name + std::to_string(number);
}

/// Multiply-adds of a swin block for each pixel.
std::int64_t multiply_adds(const nn::Custom::Weights& weights, int channels, int window) {
    std::int64_t sum = 2LL * window * window * channels;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() == 2) sum += weight.numel();
    }
    return sum;
}

}  // namespace

void take_linear(ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
                 const std::string& as, int outputs, int inputs) {
    weights[as + ".weight"] = builder.take_of(name + ".weight", {outputs, inputs});
    if (builder.has(name + ".bias")) {
        weights[as + ".bias"] = builder.take_each(name + ".bias", outputs);
    }
}

void take_linear(ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
                 const std::string& as, int outputs, int inputs, Bias bias) {
    weights[as + ".weight"] = builder.take_of(name + ".weight", {outputs, inputs});
    if (bias == Bias::expected) {
        weights[as + ".bias"] = builder.take_each(name + ".bias", outputs);
    }
}

void take_norm(ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
               const std::string& as, int channels) {
    weights[as + ".weight"] = builder.take_each(name + ".weight", channels);
    weights[as + ".bias"] = builder.take_each(name + ".bias", channels);
}

int window_of(const ShapeReader& shapes, const std::string& table) {
    const int places = shapes.rows(table);
    for (int window = 1; window <= kLargestWindow; ++window) {
        if ((2 * window - 1) * (2 * window - 1) == places) return window;
    }
    refuse_model("tensor \"" + table + "\" is for no square window");
}

Value swin_layer(ProgramBuilder& builder, Value input, const std::string& name,
                 const nn::SwinBlock& block, std::optional<Value> extra) {
    const int channels = builder.channels(input);
    if (block.heads < 1 || channels % block.heads != 0) {
        refuse_model(std::to_string(channels) + " channels make no " + std::to_string(block.heads) +
                     " heads");
    }
    nn::Custom operation;
    nn::Custom::Weights& weights = operation.weights;
    take_norm(builder, weights, name + ".norm1", "norm1", channels);
    take_norm(builder, weights, name + ".norm2", "norm2", channels);
    take_linear(builder, weights, name + ".attn.qkv", "attn.qkv", 3 * channels, channels);
    take_linear(builder, weights, name + ".attn.proj", "attn.proj", channels, channels,
                Bias::expected);
    const auto hidden = builder.take(name + ".mlp.fc1.bias").numel();
    take_linear(builder, weights, name + ".mlp.fc1", "mlp.fc1", static_cast<int>(hidden), channels);
    take_linear(builder, weights, name + ".mlp.fc2", "mlp.fc2", channels, static_cast<int>(hidden),
                Bias::expected);
    const int side = 2 * block.window - 1;
    operation.multiply_adds = multiply_adds(weights, channels, block.window);
    weights["bias"] = nn::attention::relative_bias(
        builder.take_of(name + ".attn.relative_position_bias_table", {side * side, block.heads}),
        {block.window, block.window});
    builder.ignore(name + ".attn.relative_position_index");
    builder.ignore(name + ".attn_mask");
    operation.values = 2LL * channels;
    operation.run = [block](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& of_block) {
        const auto pixels = [](const torch::Tensor& map) { return map.permute({0, 2, 3, 1}); };
        const auto more = inputs.size() > 1 ? pixels(inputs[1]) : torch::Tensor();
        return nn::swin_block(pixels(inputs[0]), more, of_block, block).permute({0, 3, 1, 2});
    };
    std::vector<Value> inputs{input};
    if (extra) inputs.push_back(*extra);
    return builder.custom(std::move(inputs), std::move(operation));
}

Value centred(ProgramBuilder& builder, Value picture, double range) {
    if (builder.channels(picture) != 3) {
        return range == 1 ? picture : times(builder, picture, range);
    }
    return builder.affine(picture, torch::full({3}, range, torch::kFloat32),
                          mean_of_div2k() * -range);
}

Value uncentred(ProgramBuilder& builder, Value values, double range) {
    if (builder.channels(values) != 3) {
        return range == 1 ? values : times(builder, values, 1 / range);
    }
    return builder.affine(values, torch::full({3}, 1 / range, torch::kFloat32), mean_of_div2k());
}

Value one_or_three_convolutions(ProgramBuilder& builder, Value input, const std::string& name) {
    const bool is_three = builder.has(name + ".0.weight") || builder.has(name + ".4.weight");
    if (!is_three) return convolve_with_bias(builder, input, name);
    Value x = builder.leaky_relu(convolve_with_bias(builder, input, name + ".0"), kSlope);
    x = builder.leaky_relu(convolve_with_bias(builder, x, name + ".2"), kSlope);
    return convolve_with_bias(builder, x, name + ".4");
}

PictureEnd picture_end(const ShapeReader& shapes, int input_channels) {
    // By any tensor of a layer, so that one that is missing is named.
    PictureEnd end;
    if (shapes.has_any("conv_before_upsample.0.")) {
        const int features = shapes.outputs("conv_before_upsample.0");
        end.channels = shapes.outputs("conv_last");
        if (!shapes.has_any("conv_up1.")) {
            end.kind = Reconstruction::pixel_shuffle;
            end.steps = shuffle_steps(shapes, "upsample.", features);
            return end;
        }
        end.kind = Reconstruction::nearest;
        while (shapes.has_any(numbered("conv_up", end.steps.size() + 1) + ".")) {
            end.steps.push_back(2);
        }
    } else if (shapes.has_any("upsample.0.")) {
        end.kind = Reconstruction::pixel_shuffle_direct;
        const Shuffled last = last_shuffle(shapes, "upsample.0", input_channels);
        end.steps = {last.factor};
        end.channels = last.channels;
    } else {
        end.channels = shapes.outputs("conv_last");
    }
    return end;
}

Value reconstruct(ProgramBuilder& builder, Value features, const PictureEnd& end) {
    if (end.kind == Reconstruction::none) return convolve_with_bias(builder, features, "conv_last");
    if (end.kind == Reconstruction::pixel_shuffle_direct) {
        const Value made = convolve_with_bias(builder, features, "upsample.0");
        return builder.pixel_shuffle(made, end.steps.front());
    }
    Value x = convolve_with_bias(builder, features, "conv_before_upsample.0");
    x = builder.leaky_relu(x, kSlopeBeforeUpsample);
    if (end.kind == Reconstruction::pixel_shuffle) {
        x = enlarge_by_steps(builder, x, "upsample.", end.steps);
        return convolve_with_bias(builder, x, "conv_last");
    }
    for (std::size_t i = 0; i < end.steps.size(); ++i) {
        x = convolve_with_bias(builder, builder.enlarge(x, end.steps[i]),
                               numbered("conv_up", i + 1));
        x = builder.leaky_relu(x, kSlope);
    }
    x = builder.leaky_relu(convolve_with_bias(builder, x, "conv_hr"), kSlope);
    return convolve_with_bias(builder, x, "conv_last");
}

}  // namespace sisr
