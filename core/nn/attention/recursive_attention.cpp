#include "nn/attention/recursive_attention.h"

#include "nn/attention/map_rows.h"
#include "nn/products.h"

#include <cmath>

namespace sisr::nn::attention {
namespace {

constexpr std::int64_t kStep = 4;

// Scores of pixels that attend at once.
constexpr std::int64_t kScores = std::int64_t{1} << 21;

/// How often the picture is made kStep times smaller, at least twice. Of one with a side too short
/// for that the authors' code makes nothing; it is left with a pixel.
int reductions(std::int64_t height, std::int64_t width) {
    int count = 2;
    for (auto size = std::max(height, width) / 16; size >= kStep * kStep * kStep; size /= kStep) {
        ++count;
    }
    int most = 0;
    for (auto size = std::min(height, width); size >= kStep; size /= kStep) ++most;
    return std::min(count, most);
}

/// Rows of [h,w,C], each kStep by kStep pixels of which become one.
torch::Tensor reduced(const torch::Tensor& rows, const Weights& weights) {
    const auto& weight = weights.at("reduction1.weight");
    return torch::conv2d(rows.unsqueeze(0).permute({0, 3, 1, 2}), weight,
                         weights.at("reduction1.bias"), kStep, std::vector<std::int64_t>{0, 0}, 1,
                         weight.size(0))
        .squeeze(0)
        .permute({1, 2, 0});
}

/// The normed map, made smaller `times` times.
torch::Tensor reduced_map(const torch::Tensor& x, const Weights& weights, int times) {
    if (times == 0) return layer_norm(x, weights, "norm1");
    const std::int64_t height = x.size(0) / kStep;
    auto map = torch::empty({height, x.size(1) / kStep, x.size(2)}, x.options());
    in_bands(map, kStep * kStep * x.size(2), [&](std::int64_t first, std::int64_t count) {
        const auto rows = x.narrow(0, kStep * first, kStep * count);
        map.narrow(0, first, count).copy_(reduced(layer_norm(rows, weights, "norm1"), weights));
    });
    for (int i = 1; i < times; ++i) map = reduced(map, weights);
    return map;
}

/// [.., I] to [1, heads, .., I / heads].
torch::Tensor in_heads(const torch::Tensor& pixels, std::int64_t heads) {
    return apart(pixels.reshape({1, -1, pixels.size(-1)}), heads);
}

}  // namespace

torch::Tensor local_attention(const torch::Tensor& x, const Weights& weights,
                              const SplitWindows& windows) {
    const std::int64_t channels = x.size(2);
    const auto qkv = normed_linear(x, weights, "norm1", "attn.qkv");
    const auto attended = qkv.narrow(2, 0, channels);
    attend_in_split_windows(qkv, windows, weights, attended);
    const auto value = qkv.narrow(2, 2 * channels, channels);
    auto made = torch::empty_like(x);
    in_bands(x, 3 * channels, [&](std::int64_t first, std::int64_t count) {
        const auto sum =
            attended.narrow(0, first, count) + depthwise(value, weights, "get_v", first, count);
        auto into = made.narrow(0, first, count);
        torch::add_out(into, x.narrow(0, first, count), linear(sum, weights, "attn.proj"));
    });
    return made;
}

torch::Tensor recursive_attention(const torch::Tensor& x, const Weights& weights,
                                  std::int64_t heads) {
    const std::int64_t channels = x.size(2);
    auto map = reduced_map(x, weights, reductions(x.size(0), x.size(1)));
    map = linear(depthwise(map, weights, "dwconv", 0, map.size(0)), weights, "conv");
    map = nn::gelu(layer_norm(map, weights, "norm_act.0"));
    const auto key = in_heads(linear(map, weights, "k"), heads);
    auto value_map = linear(map, weights, "v");
    value_map = value_map + depthwise(value_map, weights, "cpe", 0, value_map.size(0));
    const auto value = in_heads(value_map, heads);
    const double scale = 1 / std::sqrt(static_cast<double>(key.size(3)));
    const std::int64_t pixels = std::max<std::int64_t>(1, kScores / (heads * key.size(2)));
    auto made = torch::empty_like(x);
    in_bands(x, 3 * channels, [&](std::int64_t first, std::int64_t count) {
        const auto rows = x.narrow(0, first, count);
        const auto query =
            in_heads(linear(layer_norm(rows, weights, "norm1"), weights, "q"), heads);
        std::vector<torch::Tensor> attended;
        for (const auto& some : query.split(pixels, 2)) {
            attended.push_back(together(attend(some, key, value, scale, {})));
        }
        const auto all = torch::cat(attended, 1).view(rows.sizes());
        auto into = made.narrow(0, first, count);
        torch::add_out(into, rows, linear(all, weights, "attn.proj"));
    });
    return made;
}

}  // namespace sisr::nn::attention
