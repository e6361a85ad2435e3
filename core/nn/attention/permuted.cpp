#include "nn/attention/permuted.h"

#include "nn/attention/bands.h"
#include "nn/products.h"

#include <algorithm>
#include <cmath>

namespace sisr::nn {
namespace {

using attention::Band;
using attention::bands_of;
using attention::rows_of;
using attention::sides_of;
using attention::Window;

/// What is added to the scores of windows that a roll made of what does not belong together.
class PermutedMask {
public:
    PermutedMask(const torch::Tensor& map, const PermutedBlock& block)
        : images_(map.size(0)), across_(map.size(2) / block.window), block_(block) {
        if (block.shift == 0) return;
        const std::int64_t side = block.window / 2;
        const std::int64_t by = (block.shift + 1) / 2;
        pixels_ = sides_of(map.size(1), map.size(2), {block.window, block.window},
                           {block.shift, block.shift});
        fours_ = sides_of(map.size(1) / 2, map.size(2) / 2, {side, side}, {by, by});
    }

    /// For the windows of a band, [n, 1, L, L / 4]; undefined where none of them needs it.
    torch::Tensor of(Band band) const {
        if (!pixels_.defined()) return {};
        const auto part = [&](const torch::Tensor& sides) {
            return sides.narrow(0, band.first / block_.window * across_,
                                band.rows / block_.window * across_);
        };
        const auto differs = part(pixels_).unsqueeze(2) != part(fours_).unsqueeze(1);
        if (!differs.any().item<bool>()) return {};
        constexpr float kApart = -100;
        return (differs.to(torch::kFloat32) * kApart).unsqueeze(1).repeat({images_, 1, 1, 1});
    }

private:
    std::int64_t images_;
    std::int64_t across_;  ///< windows in a row
    PermutedBlock block_;
    torch::Tensor pixels_;  ///< [windows, L]
    torch::Tensor fours_;   ///< [windows, L / 4]
};

/// Of windows [n, L, C]: [2, n, L / 4, C], keys and then values, whose channels are those of four
/// pixels.
torch::Tensor keys_and_values(const torch::Tensor& windows, const Custom::Weights& weights,
                              std::int64_t window) {
    const std::int64_t channels = windows.size(2);
    return attention::linear(windows, weights, "key_value")
        .view({-1, window / 2, 2, window / 2, 2, 2, channels / 4})
        .permute({5, 0, 1, 3, 2, 4, 6})
        .reshape({2, windows.size(0), window * window / 4, channels});
}

torch::Tensor attended(const torch::Tensor& windows, const torch::Tensor& mask,
                       const Custom::Weights& weights, const PermutedBlock& block) {
    const auto normed = attention::layer_norm(windows, weights, "norm1");
    const auto seen = keys_and_values(normed, weights, block.window);
    const auto heads = [&](const torch::Tensor& x) { return attention::apart(x, block.heads); };
    const double scale = 1 / std::sqrt(static_cast<double>(windows.size(2)) / block.heads);
    auto bias = weights.at("bias").unsqueeze(0);
    if (mask.defined()) bias = bias + mask.to(bias.device());
    const auto made = attention::attend(heads(attention::linear(normed, weights, "query")),
                                        heads(seen[0]), heads(seen[1]), scale, bias);
    return attention::linear(attention::together(made), weights, "proj");
}

torch::Tensor rolled(const torch::Tensor& map, std::int64_t by) {
    return by == 0 ? map : torch::roll(map, {by, by}, {1, 2});
}

/// Rows of what is between the two linear layers, from top to bottom: each is computed once, though
/// a convolution at a band's border asks for it twice.
class HiddenRows {
public:
    HiddenRows(const torch::Tensor& x, const Custom::Weights& weights) : x_(x), weights_(weights) {}

    /// band: begins no higher than the one before.
    torch::Tensor of(Band band) {
        const std::int64_t end = band.first + band.rows;
        if (made_.defined()) made_ = made_.slice(1, band.first - first_);
        first_ = band.first;
        const std::int64_t known = first_ + (made_.defined() ? made_.size(1) : 0);
        if (end > known) {
            const auto normed =
                attention::layer_norm(rows_of(x_, {known, end - known}), weights_, "norm2");
            const auto more =
                nn::linear(normed, weights_.at("fc1.weight"), weights_.at("fc1.bias"), After::gelu);
            made_ = made_.defined() ? torch::cat({made_, more}, 1) : more;
        }
        return made_;
    }

private:
    const torch::Tensor& x_;
    const Custom::Weights& weights_;
    std::int64_t first_ = 0;
    torch::Tensor made_;
};

}  // namespace

torch::Tensor permuted_bias(const torch::Tensor& table, int window) {
    const std::int64_t side = window / 2;
    return attention::relative_bias(table, {side, side})
        .view({-1, side, side, side * side})
        .repeat_interleave(2, 1)
        .repeat_interleave(2, 2)
        .flatten(1, 2);
}

torch::Tensor permuted_attention(const torch::Tensor& x, const Custom::Weights& weights,
                                 const PermutedBlock& block) {
    const Window window{block.window, block.window};
    const auto from = rolled(x, -block.shift).contiguous();
    const PermutedMask mask(from, block);
    auto made = torch::empty_like(from);
    for (const Band band : bands_of(from, block.window)) {
        const auto rows = rows_of(from, band);
        const auto windows = attention::partition(rows, window);
        const auto sum = windows + attended(windows, mask.of(band), weights, block);
        rows_of(made, band).copy_(attention::merge(sum, rows, window));
    }
    return rolled(made, block.shift);
}

torch::Tensor convolved_mlp(const torch::Tensor& x, const Custom::Weights& weights) {
    const auto& kernel = weights.at("convolution.weight");
    const std::int64_t around = kernel.size(2) / 2;
    const std::int64_t height = x.size(1);
    HiddenRows hidden(x, weights);
    auto made = torch::empty_like(x);
    for (const Band band : bands_of(x, 1)) {
        const std::int64_t first = std::max<std::int64_t>(0, band.first - around);
        const std::int64_t end = std::min(height, band.first + band.rows + around);
        const auto wide = hidden.of({first, end - first});
        const Band inner{band.first - first, band.rows};
        const auto convolved =
            torch::conv2d(wide.permute({0, 3, 1, 2}), kernel, weights.at("convolution.bias"), 1,
                          {around, kernel.size(3) / 2}, 1, kernel.size(0))
                .permute({0, 2, 3, 1});
        const auto sum = rows_of(wide, inner) + nn::gelu(rows_of(convolved, inner));
        rows_of(made, band).copy_(rows_of(x, band) + attention::linear(sum, weights, "fc2"));
    }
    return made;
}

}  // namespace sisr::nn
