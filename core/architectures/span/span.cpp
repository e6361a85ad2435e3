#include "architectures/span/span.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

std::string block_at(int index) { return "block_" + std::to_string(index + 1); }

/// The 3x3 convolution that three in a row and one beside them come to, in float64:
/// last (middle (first x)) + beside x. The picture is padded by zeros before the first, whose bias
/// therefore counts beyond the border too: the sum of the middle's weights carries it.
struct Folded {
    torch::Tensor weight;
    torch::Tensor bias;
};

Folded fold(ProgramBuilder& b, const std::string& name) {
    const auto take = [&](const std::string& part, std::int64_t kernel) {
        auto tensor = b.take(name + part).to(torch::kFloat64);
        const bool fits =
            kernel == 0 ? tensor.dim() == 1
                        : tensor.dim() == 4 && tensor.size(2) == kernel && tensor.size(3) == kernel;
        if (!fits) refuse_model("tensor \"" + name + part + "\" has the wrong shape");
        return tensor;
    };
    const auto first = take(".conv.0.weight", 1).squeeze(3).squeeze(2);
    const auto middle = take(".conv.1.weight", 3);
    const auto last = take(".conv.2.weight", 1).squeeze(3).squeeze(2);
    const auto beside = take(".sk.weight", 1);
    const auto first_bias = take(".conv.0.bias", 0);
    const auto middle_bias = take(".conv.1.bias", 0);
    const auto last_bias = take(".conv.2.bias", 0);
    const auto beside_bias = take(".sk.bias", 0);
    const bool fits = middle.size(1) == first.size(0) && last.size(1) == middle.size(0) &&
                      beside.size(0) == last.size(0) && beside.size(1) == first.size(1) &&
                      first_bias.size(0) == first.size(0) &&
                      middle_bias.size(0) == middle.size(0) && last_bias.size(0) == last.size(0) &&
                      beside_bias.size(0) == last.size(0);
    if (!fits) refuse_model("tensors of \"" + name + "\" have shapes that do not fit");
    auto weight = torch::einsum("om,mkyx,ki->oiyx", {last, middle, first});
    weight = weight + torch::constant_pad_nd(beside, {1, 1, 1, 1});
    const auto inner = torch::einsum("mkyx,k->m", {middle, first_bias}) + middle_bias;
    const auto bias = torch::mv(last, inner) + last_bias + beside_bias;
    return {weight.to(torch::kFloat32).contiguous(), bias.to(torch::kFloat32)};
}

/// In training form, whose folded weights in the file may be stale, or folded.
Value convolve(ProgramBuilder& b, Value input, const std::string& name) {
    const bool is_trained = b.has(name + ".sk.weight") || b.has(name + ".conv.0.weight");
    if (!is_trained) return convolve_with_bias(b, input, name + ".eval_conv");
    Folded folded = fold(b, name);
    b.ignore(name + ".eval_conv.weight");
    b.ignore(name + ".eval_conv.bias");
    return b.convolution_of(input, folded.weight, folded.bias);
}

int input_channels(const ShapeReader& shapes) {
    const bool is_folded = !shapes.has("conv_1.sk.weight");
    return shapes.inputs(is_folded ? "conv_1.eval_conv" : "conv_1.sk");
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    const bool is_span =
        shapes.has_all({"conv_cat.weight", "upsampler.0.weight"}) &&
        (shapes.has("block_1.c1_r.sk.weight") || shapes.has("block_1.c1_r.eval_conv.weight"));
    if (!is_span) return std::nullopt;
    Spec spec;
    spec.input_channels = input_channels(shapes);
    const Shuffled end = last_shuffle(shapes, "upsampler.0", spec.input_channels);
    spec.output_channels = end.channels;
    spec.scale = end.factor;
    const int features = shapes.outputs("conv_cat");
    const int blocks = shapes.inputs("conv_cat") == 4 * features ? 6 : 0;
    if (blocks == 0) refuse_model("tensor \"conv_cat.weight\" does not join four feature maps");
    spec.words = blocks_of_channels(blocks, features);
    return spec;
}

struct Attended {
    Value result;
    Value first;  ///< of its three convolutions, before the activation
};

/// Three convolutions whose result says of itself, symmetrically about 0, what counts.
Attended attention_block(ProgramBuilder& b, Value input, const std::string& name) {
    const Value first = convolve(b, input, name + ".c1_r");
    const Value second = convolve(b, b.activate(first, Activation::silu), name + ".c2_r");
    const Value third = convolve(b, b.activate(second, Activation::silu), name + ".c3_r");
    const int channels = b.channels(third);
    const Value attention = b.affine(b.activate(third, Activation::sigmoid),
                                     torch::ones({channels}), torch::full({channels}, -0.5F));
    return {b.product(b.sum(third, input), attention), first};
}

/// Where the file does not say that it was left out.
Value normalised(ProgramBuilder& b, Value input) {
    const bool is_left_out = b.has("no_norm") || b.channels(input) != 3;
    b.ignore("no_norm");
    return is_left_out ? input : without_mean(b, input, true);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Spec spec = read(shapes_of(tensors), metadata).value();
    ProgramBuilder b(tensors, spec.input_channels);
    const Value head = convolve(b, normalised(b, ProgramBuilder::kInput), "conv_1");
    const Attended first = attention_block(b, head, block_at(0));
    Attended block = first;
    for (int i = 1; i < 6; ++i) block = attention_block(b, block.result, block_at(i));
    const Value last = convolve(b, block.result, "conv_2");
    const Value joined = b.concat({head, last, first.result, block.first});
    const Value features = convolve_with_bias(b, joined, "conv_cat");
    const Value details = convolve_with_bias(b, features, "upsampler.0");
    return finished(b, b.pixel_shuffle(details, spec.scale));
}

}  // namespace

const Architecture& span_architecture() {
    static const Architecture kArchitecture{"span", "SPAN", read, build};
    return kArchitecture;
}

}  // namespace sisr
