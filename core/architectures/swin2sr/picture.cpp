#include "architectures/swin2sr/picture.h"

#include "architectures/upsampling.h"
#include "nn/run_reference.h"

namespace sisr::swin2sr {
namespace {

using nn::ProgramBuilder;
using nn::Value;

constexpr double kSlope = 0.01;  // LeakyReLU as it is by default

Value convolve_leaky(ProgramBuilder& b, Value input, const std::string& name) {
    return b.leaky_relu(convolve_with_bias(b, input, name), kSlope);
}

/// picture [N,C,h,w], padded, as large as the result of the `input`: not quite `scale` times, as
/// the authors have it.
Value bicubic(ProgramBuilder& b, Value picture, int scale) {
    nn::Custom operation;
    operation.run = [scale](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& /*weights*/) {
        const auto& input = inputs.at(1);
        return torch::upsample_bicubic2d(inputs.front(),
                                         {scale * input.size(2), scale * input.size(3)},
                                         /*align_corners=*/false);
    };
    const int channels = b.channels(picture);
    operation.multiply_adds = 16LL * channels;
    return b.custom({picture, ProgramBuilder::kInput}, std::move(operation), channels, {scale, 1});
}

/// What the padding came to, cut off.
Value cut(ProgramBuilder& b, Value enlarged, int scale) {
    nn::Custom operation;
    operation.run = [scale](const std::vector<torch::Tensor>& inputs,
                            const nn::Custom::Weights& /*weights*/) {
        const auto& input = inputs.at(1);
        return inputs.front().slice(2, 0, scale * input.size(2)).slice(3, 0, scale * input.size(3));
    };
    return b.custom({enlarged, ProgramBuilder::kInput}, std::move(operation));
}

}  // namespace

Value padded(ProgramBuilder& b, const Layout& layout, Value picture) {
    if (!layout.has_bicubic) return picture;
    nn::Custom operation;
    operation.run = [window = layout.window](const std::vector<torch::Tensor>& inputs,
                                             const nn::Custom::Weights& /*weights*/) {
        return nn::pad_to_multiple(inputs.front(), window);
    };
    return b.custom({picture}, std::move(operation));
}

Value picture_over_bicubic(ProgramBuilder& b, const Layout& layout, Value features, Value picture) {
    const int scale = product(layout.end.steps);
    const Value plain = convolve_with_bias(b, bicubic(b, picture, scale), "conv_bicubic");
    Value x = convolve_leaky(b, features, "conv_before_upsample.0");
    // A small picture, which the authors compare in training.
    x = convolve_leaky(b, convolve_with_bias(b, x, "conv_aux"), "conv_after_aux.0");
    x = cut(b, enlarge_by_steps(b, x, "upsample.", layout.end.steps), scale);
    return convolve_with_bias(b, b.sum(x, plain), "conv_last");
}

Value picture_with_details(ProgramBuilder& b, const Layout& layout, Value features,
                           const std::function<Value(Value)>& groups) {
    const auto picture_of = [&](Value value, const std::string& steps, const std::string& last) {
        return convolve_with_bias(b, enlarge_by_steps(b, value, steps, layout.end.steps), last);
    };
    const Value before = convolve_leaky(b, features, "conv_before_upsample.0");
    const Value picture = picture_of(before, "upsample.", "conv_last");
    const Value head = convolve_leaky(b, before, "conv_first_hf.0");
    Value x = b.sum(convolve_with_bias(b, groups(head), "conv_after_body_hf"), head);
    x = convolve_leaky(b, x, "conv_before_upsample_hf.0");
    return b.sum(picture, picture_of(x, "upsample_hf.", "conv_last_hf"));
}

}  // namespace sisr::swin2sr
