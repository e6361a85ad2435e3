#include "nn/attention/cosine.h"

#include "nn/attention/bands.h"

#include <cmath>

namespace sisr::nn {
namespace {

using attention::Band;
using attention::bands_of;
using attention::rows_of;
using attention::ShiftMask;
using attention::Window;

/// windows: [n, L, C].
torch::Tensor attended(const torch::Tensor& windows, const torch::Tensor& mask,
                       const Custom::Weights& weights, int heads) {
    namespace functional = torch::nn::functional;
    const std::int64_t channels = windows.size(2);
    const auto all = attention::linear(windows, weights, "attn.qkv");
    const auto part = [&](std::int64_t index) {
        return attention::apart(all.narrow(2, index * channels, channels), heads);
    };
    const auto of_length_one = [](const torch::Tensor& x) {
        return functional::normalize(x, functional::NormalizeFuncOptions().dim(-1));
    };
    auto bias = weights.at("bias").unsqueeze(0);
    if (mask.defined()) bias = bias + mask;
    const auto made = attention::attend(of_length_one(part(0)) * weights.at("scale"),
                                        of_length_one(part(1)), part(2), 1, bias);
    return attention::linear(attention::together(made), weights, "attn.proj");
}

/// A band of whole windows, [N, rows, w, C].
torch::Tensor run_band(const torch::Tensor& band, const torch::Tensor& mask,
                       const Custom::Weights& weights, const SwinBlock& block) {
    const Window window{block.window, block.window};
    const auto windows = attention::partition(band, window);
    auto sum = windows + attention::layer_norm(attended(windows, mask, weights, block.heads),
                                               weights, "norm1");
    sum = sum + attention::layer_norm(attention::mlp(sum, weights, "mlp"), weights, "norm2");
    return attention::merge(sum, band, window);
}

torch::Tensor rolled(const torch::Tensor& map, std::int64_t by) {
    return by == 0 ? map : torch::roll(map, {by, by}, {1, 2});
}

}  // namespace

torch::Tensor continuous_bias(const torch::Tensor& first, const torch::Tensor& first_bias,
                              const torch::Tensor& second, int window) {
    if (second.is_meta()) {
        const std::int64_t area = std::int64_t{window} * window;
        return torch::empty({second.size(0), area, area}, second.options());
    }
    constexpr double kReach = 8;     // what the largest distance counts as
    constexpr double kLargest = 16;  // of what is added
    const auto apart = torch::arange(1 - window, window, torch::kFloat32) * (kReach / (window - 1));
    const auto distances = apart.sign() * (apart.abs() + 1).log2() / std::log2(kReach);
    const std::int64_t side = 2 * window - 1;
    const auto places = torch::stack({distances.view({side, 1}).expand({side, side}),
                                      distances.view({1, side}).expand({side, side})},
                                     -1)
                            .reshape({side * side, 2});
    const auto table = torch::relu(places.matmul(first.t()) + first_bias).matmul(second.t());
    return attention::relative_bias(table, {window, window}).sigmoid() * kLargest;
}

torch::Tensor cosine_block(const torch::Tensor& x, const Custom::Weights& weights,
                           const SwinBlock& block) {
    const auto from = rolled(x, -block.shift).contiguous();
    const std::int64_t across = from.size(2) / block.window;
    const ShiftMask masks(from.size(1), from.size(2), {block.window, block.window},
                          {block.shift, block.shift});
    auto made = torch::empty_like(from);
    for (const Band band : bands_of(from, block.window)) {
        auto mask = block.shift == 0 ? torch::Tensor()
                                     : masks.of(band.first / block.window * across,
                                                band.rows / block.window * across);
        if (mask.defined()) mask = mask.to(x.device()).repeat({x.size(0), 1, 1, 1});
        rows_of(made, band).copy_(run_band(rows_of(from, band), mask, weights, block));
    }
    return rolled(made, block.shift);
}

}  // namespace sisr::nn
