#include "architectures/omnisr/groups.h"

#include "nn/attention/attention.h"
#include "nn/products.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace sisr {
namespace {

namespace attention = nn::attention;

// Of a band of groups that is computed at once: what is made on the way stays near the processor.
constexpr std::int64_t kValues = std::int64_t{1} << 20;

/// A map as [N, groups, groups, pixels, pixels, C], without a copy.
torch::Tensor grouped(const torch::Tensor& map, std::int64_t window, Grouping grouping) {
    const std::int64_t down = map.size(1) / window;
    const std::int64_t across = map.size(2) / window;
    const std::int64_t count = map.size(0);
    if (grouping == Grouping::grid) {
        return map.view({count, window, down, window, across, -1}).permute({0, 2, 4, 1, 3, 5});
    }
    const auto windows = map.view({count, down, window, across, window, -1});
    return grouping == Grouping::windows ? windows.permute({0, 1, 3, 2, 4, 5})
                                         : windows.permute({0, 2, 4, 1, 3, 5});
}

/// What `compute` makes of groups [n, L, C], so many channels of each pixel.
torch::Tensor by_bands(const torch::Tensor& given, const GroupedAttention& attention,
                       std::int64_t channels,
                       const std::function<torch::Tensor(const torch::Tensor&)>& compute) {
    const auto map = given.contiguous();
    const auto made =
        torch::empty({map.size(0), map.size(1), map.size(2), channels}, map.options());
    const auto from = grouped(map, attention.window, attention.grouping);
    const auto to = grouped(made, attention.window, attention.grouping);
    const std::int64_t rows = from.size(1);
    const std::int64_t at_once = std::max<std::int64_t>(1, kValues * rows / from.numel());
    for (std::int64_t y = 0; y < rows; y += at_once) {
        const std::int64_t some = std::min(at_once, rows - y);
        const auto band = from.narrow(1, y, some);
        const auto place = to.narrow(1, y, some);
        const auto groups = band.reshape({-1, from.size(3) * from.size(4), from.size(5)});
        place.copy_(compute(groups).view(place.sizes()));
    }
    return made;
}

}  // namespace

torch::Tensor attend_between_pixels(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                    const GroupedAttention& attention) {
    const std::int64_t channels = map.size(3);
    const double scale = 1 / std::sqrt(static_cast<double>(channels) / attention.heads);
    const auto bias = weights.find("bias");
    return by_bands(map, attention, channels, [&](const torch::Tensor& groups) {
        const auto all =
            attention::linear(attention::layer_norm(groups, weights, "norm"), weights, "to_qkv");
        const auto part = [&](std::int64_t index) {
            return attention::apart(all.narrow(2, index * channels, channels), attention.heads);
        };
        const auto made = attention::attend(part(0), part(1), part(2), scale,
                                            bias == weights.end() ? torch::Tensor() : bias->second);
        return attention::linear(attention::together(made), weights, "to_out") + groups;
    });
}

torch::Tensor attend_between_channels(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                      const GroupedAttention& attention) {
    constexpr double kLeastNorm = 1e-12;
    const std::int64_t channels = map.size(3) / 3;
    const auto& temperature = weights.at("temperature");
    return by_bands(map, attention, channels, [&](const torch::Tensor& groups) {
        const auto part = [&](std::int64_t index) {
            return attention::apart(groups.narrow(2, index * channels, channels), attention.heads);
        };
        const auto query = part(0);
        const auto key = part(1);
        const auto norm = [&](const torch::Tensor& of) {
            return of.norm(2, {-2}, /*keepdim=*/true).clamp_min(kLeastNorm);
        };
        // Divided by the norms is what is made of the pixels, not they.
        auto scores = nn::product(query.transpose(-2, -1), key) / norm(query).transpose(-2, -1) /
                      norm(key) * temperature;
        nn::softmax_in_place(scores);
        return attention::together(nn::product(part(2), scores.transpose(-2, -1)));
    });
}

}  // namespace sisr
