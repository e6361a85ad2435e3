#include "architectures/mosr/mosr.h"

#include "architectures/shape_reader.h"
#include "architectures/upsampling.h"

namespace sisr {
namespace {

using nn::Activation;
using nn::ProgramBuilder;
using nn::Value;

// Behind the blocks: convolution, Mish, convolution, Mish, convolution.
constexpr int kTail = 5;
// Copies of the picture that the geometric ensemble's convolution makes, and whose mean counts.
constexpr int kEnsemble = 8;

enum class Upsampler { shuffle, ensemble, sampled };

std::string layer_at(int index) { return "gblocks." + std::to_string(index); }

Upsampler upsampler_of(const ShapeReader& shapes) {
    if (shapes.has_any("upsampler.offset.")) return Upsampler::sampled;
    return shapes.has_any("upsampler.in_to_k.") ? Upsampler::ensemble : Upsampler::shuffle;
}

int scale_of(const ShapeReader& shapes, Upsampler upsampler, int channels) {
    if (upsampler == Upsampler::shuffle) return shuffle_factor(shapes, "upsampler.0", channels);
    if (upsampler == Upsampler::ensemble) {
        return shuffle_factor(shapes, "upsampler.in_to_k", kEnsemble * channels);
    }
    return shuffle_factor(shapes, "upsampler.offset", 2 * 4);  // x and y, in four groups
}

std::optional<Spec> read(const Shapes& all, const Metadata& /*metadata*/) {
    const ShapeReader shapes(all);
    if (!shapes.has_all({"gblocks.0.weight", "gblocks.1.fc1.weight", "gblocks.1.fc2.weight"})) {
        return std::nullopt;
    }
    const Upsampler upsampler = upsampler_of(shapes);
    Spec spec;
    spec.input_channels = shapes.inputs(layer_at(0));
    spec.output_channels = upsampler == Upsampler::sampled ? shapes.outputs("upsampler.end_conv")
                                                           : spec.input_channels;
    spec.scale = scale_of(shapes, upsampler, spec.input_channels);
    const int blocks = shapes.count("gblocks.") - 1 - kTail;
    if (blocks < 1) refuse_model("has no blocks");
    spec.words = blocks_of_channels(blocks, shapes.outputs(layer_at(0)));
    if (upsampler == Upsampler::sampled) {
        spec.words += ", DySample";
        spec.exactness = Exactness::approximate;
    }
    return spec;
}

Value plus(ProgramBuilder& b, Value input, double number) {
    const int channels = b.channels(input);
    return b.affine(input, torch::ones({channels}),
                    torch::full({channels}, number, torch::kFloat32));
}

/// Of one wide convolution's channels the first gate the others, the last of which pass a depthwise
/// one.
Value gated_block(ProgramBuilder& b, const std::string& name, Value input) {
    const Value wide = convolve_with_bias(b, b.channel_norm(input, name + ".norm"), name + ".fc1");
    const auto depthwise = b.take(name + ".conv.weight");
    const int hidden = b.channels(wide) / 2;
    const int apart = depthwise.dim() == 4 ? static_cast<int>(depthwise.size(0)) : 0;
    if (apart < 1 || apart > hidden) {
        refuse_model("tensor \"" + name + ".conv.weight\" is no kernel for a part of " +
                     std::to_string(hidden) + " channels");
    }
    const Value gate = b.activate(b.slice(wide, 0, hidden), Activation::mish);
    Value inner =
        convolve_with_bias(b, b.slice(wide, 2 * hidden - apart, apart), name + ".conv", apart);
    if (apart < hidden) inner = b.concat({b.slice(wide, hidden, hidden - apart), inner});
    const Value result = convolve_with_bias(b, b.product(gate, inner), name + ".fc2");
    return plus(b, b.sum(b.activate(result, Activation::mish), input), -0.5);
}

Value enlarged(ProgramBuilder& b, Value features, Upsampler upsampler, int scale) {
    if (upsampler == Upsampler::sampled) return sample_enlarged(b, features, "upsampler", scale);
    if (upsampler == Upsampler::shuffle) {
        return b.pixel_shuffle(convolve_with_bias(b, features, "upsampler.0"), scale);
    }
    // The mean of the copies is a convolution by the mean of their weights.
    const std::string name = "upsampler.in_to_k";
    const auto weight = b.take(name + ".weight");
    const auto bias = b.take_each(name + ".bias", static_cast<int>(weight.size(0)));
    const std::int64_t outputs = weight.size(0) / kEnsemble;
    const auto mean =
        weight.reshape({kEnsemble, outputs, weight.size(1), weight.size(2), -1}).mean(0);
    const Value details =
        b.convolution_of(features, mean.contiguous(), bias.reshape({kEnsemble, outputs}).mean(0));
    return b.pixel_shuffle(details, scale);
}

Built build(const Tensors& tensors, const Metadata& metadata) {
    const Shapes all = shapes_of(tensors);
    const ShapeReader shapes(all);
    const Spec spec = read(all, metadata).value();
    const int last = shapes.count("gblocks.") - 1;

    ProgramBuilder b(tensors, spec.input_channels);
    const auto convolved = [&b](Value input, const std::string& name) {
        return convolve_with_bias(b, input, name);
    };
    const auto active = [&b](Value input) { return b.activate(input, Activation::mish); };
    Value features = convolved(ProgramBuilder::kInput, layer_at(0));
    for (int i = 1; i <= last - kTail; ++i) features = gated_block(b, layer_at(i), features);
    features = active(convolved(features, layer_at(last - 4)));
    features = convolved(active(convolved(features, layer_at(last - 2))), layer_at(last));

    Value beside = active(convolved(ProgramBuilder::kInput, "shortcut.block.0"));
    beside = active(convolved(beside, "shortcut.block.2"));
    beside = b.sum(beside, convolved(ProgramBuilder::kInput, "shortcut.conv11"));
    features = plus(b, b.sum(features, beside), -0.5);
    return finished(b, enlarged(b, features, upsampler_of(shapes), spec.scale));
}

}  // namespace

const Architecture& mosr_architecture() {
    static const Architecture kArchitecture{"mosr", "MoSR", read, build};
    return kArchitecture;
}

}  // namespace sisr
