#include "architectures/atd/token_dictionary.h"

#include "nn/attention/attention.h"
#include "nn/mirrored.h"
#include "nn/products.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

namespace sisr {
namespace {

namespace attention = nn::attention;

// Of pixels that are computed at once: what is made on the way stays near the processor.
constexpr std::int64_t kValues = std::int64_t{1} << 20;

/// Begin and count of parts of [0, size), each a multiple of `multiple` but for the last.
void for_parts(std::int64_t size, std::int64_t values_of_each, std::int64_t multiple,
               const std::function<void(std::int64_t, std::int64_t)>& run) {
    const std::int64_t some =
        std::max<std::int64_t>(1, kValues / (values_of_each * multiple)) * multiple;
    for (std::int64_t first = 0; first < size; first += some) {
        run(first, std::min(some, size - first));
    }
}

/// Pixels are rows [n, C], in the order of the map's.
class LayerRun {
public:
    LayerRun(const nn::Custom::Weights& weights, std::string prefix, const DictionaryLayer& layer,
             std::int64_t height, std::int64_t width)
        : weights_(weights),
          prefix_(std::move(prefix)),
          layer_(layer),
          height_(height),
          width_(width) {}

    torch::Tensor run(const torch::Tensor& pixels, torch::Tensor& dictionary) {
        look_up(pixels, dictionary);
        attend_in_categories();
        attend_in_windows();
        qkv_.reset();
        const auto made = mixed();
        if (!layer_.is_last) dictionary = refined(dictionary, made);
        return made;
    }

private:
    const torch::Tensor& weight(const char* name) const { return weights_.at(prefix_ + name); }
    torch::Tensor linear(const torch::Tensor& x, const char* name) const {
        return attention::linear(x, weights_, prefix_ + name);
    }
    torch::Tensor normed(const torch::Tensor& x, const char* name) const {
        return attention::layer_norm(x, weights_, prefix_ + name);
    }
    std::int64_t channels() const { return sum_.size(-1); }

    /// Queries, keys or values of windows [n, L, 3 C].
    torch::Tensor part(const torch::Tensor& all, std::int64_t index) const {
        return attention::apart(all.narrow(2, index * channels(), channels()), layer_.heads);
    }

    torch::Tensor attended(const torch::Tensor& all, double scale,
                           const torch::Tensor& bias) const {
        return attention::together(
            attention::attend(part(all, 0), part(all, 1), part(all, 2), scale, bias));
    }

    void look_up(const torch::Tensor& pixels, const torch::Tensor& dictionary);
    void attend_in_categories();
    void attend_in_windows();
    torch::Tensor rows_of_shifted(std::int64_t first, std::int64_t count) const;
    void add_shifted(const torch::Tensor& band, std::int64_t first);
    torch::Tensor mixed() const;
    torch::Tensor refined(const torch::Tensor& dictionary, const torch::Tensor& pixels) const;

    const nn::Custom::Weights& weights_;
    const std::string prefix_;
    const DictionaryLayer layer_;
    const std::int64_t height_;
    const std::int64_t width_;
    torch::Tensor sum_;       ///< pixels, and what the attentions add to them
    torch::Tensor qkv_;       ///< [n, 3 C]
    torch::Tensor shares_;    ///< [n, tokens], where tokens are to be refined
    torch::Tensor category_;  ///< [n]
};

torch::Tensor unit(const torch::Tensor& rows) {
    return torch::nn::functional::normalize(rows,
                                            torch::nn::functional::NormalizeFuncOptions().dim(-1));
}

void LayerRun::look_up(const torch::Tensor& pixels, const torch::Tensor& dictionary) {
    const std::int64_t count = pixels.size(0);
    const auto keys =
        unit(linear(dictionary, "attn_atd.wk")) * weight("attn_atd.scale").view({-1, 1});
    const auto values = linear(dictionary, "attn_atd.wv").t();
    sum_ = torch::empty_like(pixels);
    qkv_ = torch::empty({count, 3 * channels()}, pixels.options());
    category_ = torch::empty({count}, pixels.options().dtype(torch::kInt64));
    if (!layer_.is_last) shares_ = torch::empty({count, keys.size(0)}, pixels.options());
    for_parts(count, 3 * channels(), 1, [&](std::int64_t first, std::int64_t some) {
        const auto rows = [&](const torch::Tensor& all) { return all.narrow(0, first, some); };
        const auto x = normed(rows(pixels), "norm1");
        rows(qkv_).copy_(linear(x, "wqkv"));
        auto shares = nn::linear(unit(linear(x, "attn_atd.wq")), keys, {});
        nn::softmax_in_place(shares);
        rows(category_).copy_(shares.argmax(-1));
        rows(sum_).copy_(nn::linear(shares, values, {}) + rows(pixels));
        if (!layer_.is_last) rows(shares_).copy_(shares);
    });
}

void LayerRun::attend_in_categories() {
    const std::int64_t count = category_.size(0);
    const std::int64_t size = std::min<std::int64_t>(count, layer_.category);
    const std::int64_t missing = nn::missing_for(count, size);
    const auto sorted = std::get<1>(torch::sort(category_, /*stable=*/true, 0, false));
    const auto order = torch::cat({sorted, sorted.narrow(0, count - missing, missing).flip(0)});
    for_parts(order.size(0), 3 * channels(), size, [&](std::int64_t first, std::int64_t some) {
        const auto groups =
            qkv_.index_select(0, order.narrow(0, first, some)).view({-1, size, 3 * channels()});
        const auto made = linear(attended(groups, layer_.alike_scale, {}), "attn_aca.proj");
        // Without those that fill the last group.
        const std::int64_t own = std::min(some, count - first);
        const auto places = order.narrow(0, first, own);
        sum_.index_put_(
            {places}, sum_.index_select(0, places) + made.view({-1, channels()}).narrow(0, 0, own));
    });
}

/// Rows of the map of queries, keys and values that is rolled by the shift.
torch::Tensor LayerRun::rows_of_shifted(std::int64_t first, std::int64_t count) const {
    const auto map = qkv_.view({1, height_, width_, -1});
    if (layer_.shift == 0) return map.narrow(1, first, count);
    const std::int64_t begin = first + layer_.shift;
    const std::int64_t before = std::min(count, height_ - begin);
    auto band = map.narrow(1, begin, before);
    if (before < count) band = torch::cat({band, map.narrow(1, 0, count - before)}, 1);
    return torch::roll(band, -layer_.shift, 2);
}

void LayerRun::add_shifted(const torch::Tensor& band, std::int64_t first) {
    const auto map = sum_.view({1, height_, width_, -1});
    const std::int64_t count = band.size(1);
    const auto made = layer_.shift == 0 ? band : torch::roll(band, layer_.shift, 2);
    const std::int64_t begin = first + layer_.shift;
    const std::int64_t before = std::min(count, height_ - begin);
    map.narrow(1, begin, before).add_(made.narrow(1, 0, before));
    if (before < count)
        map.narrow(1, 0, count - before).add_(made.narrow(1, before, count - before));
}

void LayerRun::attend_in_windows() {
    const attention::Window window{layer_.window, layer_.window};
    const attention::ShiftMask mask(height_, width_, window, {layer_.shift, layer_.shift});
    const double scale = 1 / std::sqrt(static_cast<double>(channels()) / layer_.heads);
    const std::int64_t across = width_ / layer_.window;
    for_parts(height_, 3 * channels() * width_, layer_.window,
              [&](std::int64_t first, std::int64_t some) {
                  const auto band = rows_of_shifted(first, some);
                  auto bias = weight("bias").unsqueeze(0);
                  if (layer_.shift > 0) {
                      const auto apart =
                          mask.of(first / layer_.window * across, some / layer_.window * across);
                      if (apart.defined()) bias = bias + apart.to(bias.device());
                  }
                  const auto made = linear(
                      attended(attention::partition(band, window), scale, bias), "attn_win.proj");
                  add_shifted(attention::merge(made, band, window), first);
              });
}

/// Each pixel and what its surroundings make of it.
torch::Tensor LayerRun::mixed() const {
    const auto& kernel = weight("depthwise.weight");
    const std::int64_t reach = kernel.size(2) / 2;
    const std::int64_t hidden = kernel.size(0);
    const auto map = sum_.view({1, height_, width_, -1});
    const auto made = torch::empty_like(map);
    // So that the rows which two parts both need are few of them.
    const std::int64_t least = 16 * std::max<std::int64_t>(1, reach);
    for_parts(height_, hidden * width_, least, [&](std::int64_t first, std::int64_t some) {
        const std::int64_t above = std::min(reach, first);
        const std::int64_t below = std::min(reach, height_ - first - some);
        const auto seen = map.narrow(1, first - above, above + some + below);
        const auto x = nn::linear(normed(seen, "norm2"), weight("fc1.weight"), weight("fc1.bias"),
                                  nn::After::gelu);
        const auto around = torch::conv2d(x.permute({0, 3, 1, 2}), kernel, weight("depthwise.bias"),
                                          1, reach, 1, hidden)
                                .permute({0, 2, 3, 1});
        const auto own = [&](const torch::Tensor& of) { return of.narrow(1, above, some); };
        made.narrow(1, first, some)
            .copy_(linear(own(x) + nn::gelu(own(around)), "fc2") + own(seen));
    });
    return made.view({height_ * width_, -1});
}

/// Tokens moved towards the pixels that are most alike, each by what its shares tell over all of
/// the picture.
torch::Tensor LayerRun::refined(const torch::Tensor& dictionary,
                                const torch::Tensor& pixels) const {
    constexpr double kEpsilon = 1e-5;
    const auto [variance, mean] = torch::var_mean(shares_, {0}, /*unbiased=*/false);
    const auto factor = weight("norm3.weight") / (variance + kEpsilon).sqrt();
    const auto logits = shares_ * factor + (weight("norm3.bias") - mean * factor);
    const auto alone = [](const torch::Tensor& matrix) {
        return matrix.view({1, 1, matrix.size(0), -1});
    };
    const auto of_pixels =
        nn::product(alone(logits.softmax(0)).transpose(-2, -1), alone(pixels)).view_as(dictionary);
    const auto& keep = weight("keep");
    return keep * dictionary + (1 - keep) * of_pixels;
}

}  // namespace

torch::Tensor run_dictionary_layers(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                    const std::vector<DictionaryLayer>& layers) {
    std::vector<torch::Tensor> made;
    for (std::int64_t image = 0; image < map.size(0); ++image) {
        auto pixels = map[image].reshape({-1, map.size(3)});
        auto dictionary = weights.at("dictionary");
        for (std::size_t i = 0; i < layers.size(); ++i) {
            LayerRun layer(weights, std::to_string(i) + ".", layers[i], map.size(1), map.size(2));
            pixels = layer.run(pixels, dictionary);
        }
        made.push_back(pixels.view({1, map.size(1), map.size(2), -1}));
    }
    return made.size() == 1 ? made.front() : torch::cat(made);
}

}  // namespace sisr
