#include "nn/attention/attention.h"

#include "nn/products.h"

#include <ATen/Parallel.h>
#include <ATen/ThreadLocalState.h>

#include <algorithm>
#include <cmath>

namespace sisr::nn::attention {
namespace {

// Scores at once: what a core keeps near itself, and what several share.
constexpr std::int64_t kScoresOfCore = std::int64_t{1} << 18;
constexpr std::int64_t kScores = std::int64_t{1} << 21;

torch::Tensor weight_of(const Weights& weights, const std::string& name) {
    return weights.at(name);
}

torch::Tensor bias_of(const Weights& weights, const std::string& name) {
    const auto found = weights.find(name);
    return found == weights.end() ? torch::Tensor() : found->second;
}

/// The part of a bias for windows [first, first + count).
torch::Tensor bias_of(const torch::Tensor& bias, std::int64_t first, std::int64_t count) {
    const bool is_for_each = bias.defined() && bias.dim() == 4 && bias.size(0) > 1;
    return is_for_each ? bias.narrow(0, first, count) : bias;
}

torch::Tensor attend_at_once(const torch::Tensor& query, const torch::Tensor& key,
                             const torch::Tensor& value, double scale, const torch::Tensor& bias) {
    auto scores = product(query * scale, key.transpose(-2, -1));
    if (bias.defined()) scores.add_(bias);
    softmax_in_place(scores);
    return product(scores, value);
}

}  // namespace

torch::Tensor linear(const torch::Tensor& x, const Weights& weights, const std::string& name) {
    return nn::linear(x, weight_of(weights, name + ".weight"), bias_of(weights, name + ".bias"));
}

torch::Tensor layer_norm(const torch::Tensor& x, const Weights& weights, const std::string& name,
                         double epsilon) {
    const auto weight = weight_of(weights, name + ".weight");
    return torch::layer_norm(x, {weight.size(0)}, weight, weight_of(weights, name + ".bias"),
                             epsilon);
}

torch::Tensor mlp(const torch::Tensor& x, const Weights& weights, const std::string& name) {
    const auto hidden = nn::linear(x, weight_of(weights, name + ".fc1.weight"),
                                   bias_of(weights, name + ".fc1.bias"), After::gelu);
    return linear(hidden, weights, name + ".fc2");
}

torch::Tensor partition(const torch::Tensor& map, Window window) {
    const std::int64_t channels = map.size(3);
    return map
        .view({map.size(0), map.size(1) / window.height, window.height, map.size(2) / window.width,
               window.width, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({-1, window.area(), channels});
}

torch::Tensor merge(const torch::Tensor& windows, const torch::Tensor& like, Window window) {
    const std::int64_t channels = windows.size(2);
    return windows
        .view({like.size(0), like.size(1) / window.height, like.size(2) / window.width,
               window.height, window.width, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({like.size(0), like.size(1), like.size(2), channels});
}

torch::Tensor relative_bias(const torch::Tensor& table, Window window) {
    const auto rows = torch::arange(window.height).repeat_interleave(window.width);
    const auto columns = torch::arange(window.width).repeat({window.height});
    const auto down = rows.unsqueeze(1) - rows.unsqueeze(0) + window.height - 1;
    const auto across = columns.unsqueeze(1) - columns.unsqueeze(0) + window.width - 1;
    const auto index = (down * (2 * window.width - 1) + across).flatten();
    return table.index_select(0, index.to(table.device()))
        .view({window.area(), window.area(), -1})
        .permute({2, 0, 1})
        .contiguous();
}

torch::Tensor apart(const torch::Tensor& windows, std::int64_t heads) {
    return windows.view({windows.size(0), windows.size(1), heads, windows.size(2) / heads})
        .transpose(1, 2);
}

torch::Tensor together(const torch::Tensor& heads) {
    return heads.transpose(1, 2).reshape(
        {heads.size(0), heads.size(2), heads.size(1) * heads.size(3)});
}

torch::Tensor attend(const torch::Tensor& query, const torch::Tensor& key,
                     const torch::Tensor& value, double scale, const torch::Tensor& bias) {
    const std::int64_t count = query.size(0);
    const std::int64_t scores = query.size(1) * query.size(2) * key.size(2);
    const auto windows = [&](std::int64_t most) {
        return std::max<std::int64_t>(1, most / scores);
    };
    const bool is_for_cores =
        query.is_cpu() && count / windows(kScoresOfCore) >= at::get_num_threads();
    const std::int64_t at_once = windows(is_for_cores ? kScoresOfCore : kScores);
    if (count <= at_once) return attend_at_once(query, key, value, scale, bias);
    std::vector<torch::Tensor> parts(static_cast<std::size_t>((count + at_once - 1) / at_once));
    const auto run = [&](std::int64_t index) {
        const std::int64_t first = index * at_once;
        const std::int64_t some = std::min(at_once, count - first);
        const auto part = [&](const torch::Tensor& all) { return all.narrow(0, first, some); };
        parts[static_cast<std::size_t>(index)] =
            attend_at_once(part(query), part(key), part(value), scale, bias_of(bias, first, some));
    };
    const auto all = static_cast<std::int64_t>(parts.size());
    if (is_for_cores) {
        const at::ThreadLocalState state;  // whether gradients are recorded
        at::parallel_for(0, all, 1, [&](std::int64_t begin, std::int64_t end) {
            const at::ThreadLocalStateGuard guard(state);
            for (std::int64_t index = begin; index < end; ++index) run(index);
        });
    } else {
        for (std::int64_t index = 0; index < all; ++index) run(index);
    }
    return torch::cat(parts);
}

torch::Tensor sides_of(std::int64_t height, std::int64_t width, Window window, Window shift) {
    // Rolled, the last window of each direction ends with rows from the picture's other end.
    const auto side = [](std::int64_t size, std::int64_t part, std::int64_t by) {
        const auto place = torch::arange(size);
        return (place >= size - part).to(torch::kInt64) + (place >= size - by).to(torch::kInt64);
    };
    const auto rows = side(height, window.height, shift.height);
    const auto columns = side(width, window.width, shift.width);
    const auto sides = (rows * 3).unsqueeze(1) + columns.unsqueeze(0);
    return partition(sides.view({1, height, width, 1}), window).squeeze(2);
}

ShiftMask::ShiftMask(std::int64_t height, std::int64_t width, Window window, Window shift)
    : sides_(sides_of(height, width, window, shift)) {}

torch::Tensor ShiftMask::of(std::int64_t first, std::int64_t count) const {
    constexpr float kApart = -100;
    const auto some = sides_.narrow(0, first, count);
    const auto differs = some.unsqueeze(1) != some.unsqueeze(2);
    if (!differs.any().item<bool>()) return {};
    return (differs.to(torch::kFloat32) * kApart).unsqueeze(1);
}

}  // namespace sisr::nn::attention
