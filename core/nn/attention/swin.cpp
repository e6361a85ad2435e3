#include "nn/attention/swin.h"

#include <algorithm>
#include <cmath>

namespace sisr::nn {
namespace {

using attention::ShiftMask;
using attention::Window;

// Of a band of windows that goes through the block at once: what it makes on its way stays near the
// processor.
constexpr std::int64_t kValues = std::int64_t{1} << 20;

/// windows: [n, L, C].
torch::Tensor attended(const torch::Tensor& windows, const Custom::Weights& weights, int heads,
                       const torch::Tensor& mask) {
    const std::int64_t channels = windows.size(2);
    const auto all =
        attention::linear(attention::layer_norm(windows, weights, "norm1"), weights, "attn.qkv");
    const auto part = [&](std::int64_t index) {
        return attention::apart(all.narrow(2, index * channels, channels), heads);
    };
    const double scale = 1 / std::sqrt(static_cast<double>(channels) / heads);
    auto bias = weights.at("bias").unsqueeze(0);
    if (mask.defined()) bias = bias + mask;
    const auto heads_made = attention::attend(part(0), part(1), part(2), scale, bias);
    return attention::linear(attention::together(heads_made), weights, "attn.proj");
}

/// A band of whole windows, [N, rows, w, C].
torch::Tensor run_band(const torch::Tensor& band, const torch::Tensor& extra,
                       const Custom::Weights& weights, const SwinBlock& block,
                       const torch::Tensor& mask) {
    const Window window{block.window, block.window};
    const auto windows = attention::partition(band, window);
    auto sum = windows + attended(windows, weights, block.heads, mask);
    if (extra.defined()) sum = sum + attention::partition(extra, window);
    sum = sum + attention::mlp(attention::layer_norm(sum, weights, "norm2"), weights, "mlp");
    return attention::merge(sum, band, window);
}

torch::Tensor rolled(const torch::Tensor& map, std::int64_t by) {
    return by == 0 || !map.defined() ? map : torch::roll(map, {by, by}, {1, 2});
}

}  // namespace

torch::Tensor swin_block(const torch::Tensor& x, const torch::Tensor& extra,
                         const Custom::Weights& weights, const SwinBlock& block) {
    const std::int64_t height = x.size(1);
    const std::int64_t width = x.size(2);
    const std::int64_t across = width / block.window;
    const Window window{block.window, block.window};
    auto from = rolled(x, -block.shift).contiguous();
    const auto more = rolled(extra, -block.shift);
    const ShiftMask mask(height, width, window, {block.shift, block.shift});
    auto made = torch::empty_like(from);
    const std::int64_t row_values = x.size(0) * width * x.size(3) * block.window;
    const std::int64_t rows = std::max<std::int64_t>(1, kValues / row_values) * block.window;
    for (std::int64_t y = 0; y < height; y += rows) {
        const std::int64_t some = std::min(rows, height - y);
        auto sides = block.shift == 0
                         ? torch::Tensor()
                         : mask.of(y / block.window * across, some / block.window * across);
        if (sides.defined()) sides = sides.to(x.device()).repeat({x.size(0), 1, 1, 1});
        const auto band = more.defined() ? more.narrow(1, y, some) : torch::Tensor();
        made.narrow(1, y, some)
            .copy_(run_band(from.narrow(1, y, some), band, weights, block, sides));
    }
    from.reset();
    return rolled(made, block.shift);
}

}  // namespace sisr::nn
