#include "nn/attention/map_rows.h"

#include "nn/products.h"

namespace sisr::nn::attention {
namespace {

torch::Tensor convolved(const torch::Tensor& map, const Weights& weights, const std::string& name,
                        std::int64_t padded_rows) {
    const auto& weight = weights.at(name + ".weight");
    return torch::conv2d(map.unsqueeze(0).permute({0, 3, 1, 2}), weight, weights.at(name + ".bias"),
                         1, {padded_rows, 1}, 1, weight.size(0))
        .squeeze(0)
        .permute({1, 2, 0});
}

}  // namespace

torch::Tensor normed_linear(const torch::Tensor& map, const Weights& weights,
                            const std::string& norm, const std::string& name) {
    const auto& weight = weights.at(name + ".weight");
    const auto bias = weights.find(name + ".bias");
    auto made = torch::empty({map.size(0), map.size(1), weight.size(0)}, map.options());
    in_bands(map, map.size(2), [&](std::int64_t first, std::int64_t count) {
        linear_into(made.narrow(0, first, count),
                    layer_norm(map.narrow(0, first, count), weights, norm), weight,
                    bias == weights.end() ? torch::Tensor() : bias->second);
    });
    return made;
}

torch::Tensor depthwise(const torch::Tensor& map, const Weights& weights, const std::string& name,
                        std::int64_t first, std::int64_t count) {
    const std::int64_t from = std::max<std::int64_t>(first - 1, 0);
    const std::int64_t to = std::min(map.size(0), first + count + 1);
    return convolved(map.narrow(0, from, to - from), weights, name, 1)
        .narrow(0, first - from, count);
}

torch::Tensor depthwise_within(const torch::Tensor& map, const Weights& weights,
                               const std::string& name) {
    return convolved(map, weights, name, 0);
}

}  // namespace sisr::nn::attention
