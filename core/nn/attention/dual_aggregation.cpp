#include "nn/attention/dual_aggregation.h"

#include "nn/attention/map_rows.h"
#include "nn/products.h"

namespace sisr::nn::attention {
namespace {

// As torch.nn.functional.normalize() has it.
constexpr double kShortest = 1e-12;

/// How much of each channel counts, by the channels' means [C]: [C].
torch::Tensor channel_gate(const torch::Tensor& means, const Weights& weights) {
    const auto squeezed = nn::gelu(linear(means.unsqueeze(0), weights, "channel.0"));
    return torch::sigmoid(linear(squeezed, weights, "channel.1")).squeeze(0);
}

/// How much of each pixel counts: [h,w,1].
torch::Tensor spatial_gate(const torch::Tensor& rows, const Weights& weights) {
    const auto squeezed = nn::gelu(linear(rows, weights, "spatial.0"));
    return torch::sigmoid(linear(squeezed, weights, "spatial.1"));
}

torch::Tensor convolved(const torch::Tensor& value, const Weights& weights, std::int64_t first,
                        std::int64_t count) {
    return nn::gelu(depthwise(value, weights, "dwconv", first, count));
}

/// What makes each head's channels of the values: [C,C], of blocks along its diagonal. qkv:
/// [h,w,3C].
torch::Tensor channel_scores(const torch::Tensor& qkv, const torch::Tensor& temperature) {
    const std::int64_t heads = temperature.size(0);
    const std::int64_t channels = qkv.size(2) / 3;
    const auto options = qkv.options();
    auto products = torch::zeros({heads, channels / heads, channels / heads}, options);
    auto squares = torch::zeros({2 * channels}, options);
    in_bands(qkv, channels, [&](std::int64_t first, std::int64_t count) {
        const auto rows = qkv.narrow(0, first, count).flatten(0, 1);
        const auto part = [&](std::int64_t index) {
            return rows.narrow(1, index * channels, channels)
                .view({rows.size(0), heads, channels / heads})
                .transpose(0, 1);
        };
        products.baddbmm_(part(0).transpose(1, 2), part(1));
        squares += rows.narrow(1, 0, 2 * channels).square().sum(0);
    });
    const auto lengths = squares.sqrt().clamp_min(kShortest).view({2, heads, -1});
    const auto scores = products / lengths[0].unsqueeze(2) / lengths[1].unsqueeze(1) * temperature;
    return torch::block_diag(scores.softmax(-1).unbind(0));
}

}  // namespace

torch::Tensor dual_spatial(const torch::Tensor& x, const Weights& weights,
                           const SplitWindows& windows) {
    const std::int64_t channels = x.size(2);
    const auto qkv = normed_linear(x, weights, "norm1", "attn.qkv");
    const auto value = qkv.narrow(2, 2 * channels, channels);
    auto made = torch::empty_like(x);  // at first of the convolution
    auto sums = torch::zeros({channels}, x.options());
    in_bands(x, channels, [&](std::int64_t first, std::int64_t count) {
        const auto rows = convolved(value, weights, first, count);
        sums += rows.flatten(0, 1).sum(0);
        made.narrow(0, first, count).copy_(rows);
    });
    const auto of_channels =
        channel_gate(sums / static_cast<double>(x.size(0) * x.size(1)), weights);
    const auto attended = qkv.narrow(2, 0, channels);
    attend_in_split_windows(qkv, windows, weights, attended);
    in_bands(x, 3 * channels, [&](std::int64_t first, std::int64_t count) {
        const auto rows = attended.narrow(0, first, count);
        auto into = made.narrow(0, first, count);
        const auto sum = torch::addcmul(rows * of_channels, into, spatial_gate(rows, weights));
        torch::add_out(into, x.narrow(0, first, count), linear(sum, weights, "attn.proj"));
    });
    return made;
}

torch::Tensor dual_channel(const torch::Tensor& x, const Weights& weights) {
    const std::int64_t channels = x.size(2);
    const auto qkv = normed_linear(x, weights, "norm1", "attn.qkv");
    const auto value = qkv.narrow(2, 2 * channels, channels);
    const auto scores = channel_scores(qkv, weights.at("temperature"));
    // What is made of the values' means is the mean of what is made of them.
    const auto means = torch::matmul(scores, value.flatten(0, 1).mean(0));
    const auto of_channels = channel_gate(means, weights);
    auto made = torch::empty_like(x);
    in_bands(x, 3 * channels, [&](std::int64_t first, std::int64_t count) {
        const auto rows = convolved(value, weights, first, count);
        const auto attended = torch::matmul(value.narrow(0, first, count), scores.t());
        const auto sum = torch::addcmul(rows * of_channels, attended, spatial_gate(rows, weights));
        auto into = made.narrow(0, first, count);
        torch::add_out(into, x.narrow(0, first, count), linear(sum, weights, "attn.proj"));
    });
    return made;
}

}  // namespace sisr::nn::attention
