#include "nn/attention/overlapping.h"

#include "nn/attention/bands.h"
#include "nn/split_dimension.h"

#include <cmath>

namespace sisr::nn {
namespace {

using attention::Band;
using attention::bands_of;
using attention::rows_of;
using attention::Window;

/// Keys and values of all pixels, [N, h + 2 around, w + 2 around, 2 C].
torch::Tensor keys_and_values(const torch::Tensor& x, const Custom::Weights& weights,
                              const OverlappingBlock& block) {
    const std::int64_t beyond = 2 * block.around;
    const auto all = torch::zeros(
        {x.size(0), x.size(1) + beyond, x.size(2) + beyond, 2 * x.size(3)}, x.options());
    const auto inner = all.narrow(1, block.around, x.size(1)).narrow(2, block.around, x.size(2));
    for (const Band band : bands_of(x, 1)) {
        const auto normed = attention::layer_norm(rows_of(x, band), weights, "norm1");
        rows_of(inner, band).copy_(attention::linear(normed, weights, "key_value"));
    }
    return all;
}

/// What the windows of a band look at: [2, n, heads, seen^2, C / heads], keys and then values.
torch::Tensor seen_by(const torch::Tensor& all, Band band, const OverlappingBlock& block) {
    const auto windows = rows_of(all, {band.first, band.rows + 2 * block.around})
                             .unfold(1, block.seen(), block.window)
                             .unfold(2, block.seen(), block.window);
    const auto apart = split_dimension(
        windows, 3, {2, block.heads, windows.size(3) / (2 * std::int64_t{block.heads})});
    // [N, down, across, 2, heads, d, seen, seen]
    return apart.permute({3, 0, 1, 2, 4, 6, 7, 5})
        .reshape({2, -1, block.heads, std::int64_t{block.seen()} * block.seen(), apart.size(5)});
}

torch::Tensor run_band(const torch::Tensor& band, const torch::Tensor& seen,
                       const Custom::Weights& weights, const OverlappingBlock& block) {
    const Window window{block.window, block.window};
    const auto windows = attention::partition(band, window);
    const auto query =
        attention::linear(attention::layer_norm(windows, weights, "norm1"), weights, "query");
    const double scale = 1 / std::sqrt(static_cast<double>(band.size(3)) / block.heads);
    const auto heads = attention::attend(attention::apart(query, block.heads), seen[0], seen[1],
                                         scale, weights.at("bias").unsqueeze(0));
    auto sum = windows + attention::linear(attention::together(heads), weights, "proj");
    sum = sum + attention::mlp(attention::layer_norm(sum, weights, "norm2"), weights, "mlp");
    return attention::merge(sum, band, window);
}

}  // namespace

torch::Tensor overlapping_bias(const torch::Tensor& table, const OverlappingBlock& block) {
    const std::int64_t window = block.window;
    const std::int64_t seen = block.seen();
    const std::int64_t side = window + seen - 1;
    // As the authors count places some lie below 0, which in Python means from the table's end.
    const auto apart =
        torch::arange(seen).unsqueeze(0) - torch::arange(window).unsqueeze(1) + (window - seen + 1);
    const auto down = apart.view({window, 1, seen, 1});
    const auto across = apart.view({1, window, 1, seen});
    const auto index = torch::remainder(down * side + across, side * side).flatten();
    return table.index_select(0, index.to(table.device()))
        .view({window * window, seen * seen, -1})
        .permute({2, 0, 1})
        .contiguous();
}

torch::Tensor overlapping_block(const torch::Tensor& x, const Custom::Weights& weights,
                                const OverlappingBlock& block) {
    const auto from = x.contiguous();
    const auto all = keys_and_values(from, weights, block);
    auto made = torch::empty_like(from);
    for (const Band band : bands_of(from, block.window)) {
        rows_of(made, band)
            .copy_(run_band(rows_of(from, band), seen_by(all, band, block), weights, block));
    }
    return made;
}

}  // namespace sisr::nn
