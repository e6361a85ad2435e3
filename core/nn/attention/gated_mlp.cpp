#include "nn/attention/gated_mlp.h"

#include "nn/attention/map_rows.h"
#include "nn/products.h"

namespace sisr::nn::attention {
namespace {

/// The gate's normed rows, of which a band needs one more at each end.
class GateRows {
public:
    /// rows: of a band, at least 2.
    GateRows(const torch::Tensor& x, std::int64_t rows, std::int64_t channels)
        : height_(x.size(0)),
          rows_(rows),
          all_(torch::zeros({rows + 2, x.size(1), channels}, x.options())) {}

    /// Rows [first - 1, first + count + 1), with zeros beyond the map; make(first, count) is asked
    /// for those that the band before did not leave.
    template <class Make>
    torch::Tensor around(std::int64_t first, std::int64_t count, const Make& make) {
        if (first > 0) all_.narrow(0, 0, 2).copy_(all_.narrow(0, rows_, 2));
        const std::int64_t from = first == 0 ? 0 : first + 1;
        const std::int64_t to = std::min(height_, first + count + 1);
        if (to > from) all_.narrow(0, from - first + 1, to - from).copy_(make(from, to - from));
        if (first + count == height_) all_.narrow(0, count + 1, 1).zero_();
        return all_.narrow(0, 0, count + 2);
    }

private:
    std::int64_t height_, rows_;
    torch::Tensor all_;
};

}  // namespace

torch::Tensor gated_mlp(const torch::Tensor& x, const Weights& weights, const std::string& norm,
                        const std::string& name) {
    const std::int64_t height = x.size(0);
    const std::int64_t half = weights.at(name + ".gate.weight").size(0);
    const std::int64_t rows = std::min(band_rows(x, half, 2), std::max<std::int64_t>(2, height));
    const auto activated = [&](const std::string& part, std::int64_t first, std::int64_t count) {
        const auto normed = layer_norm(x.narrow(0, first, count), weights, norm);
        return nn::linear(normed, weights.at(part + ".weight"), weights.at(part + ".bias"),
                          After::gelu);
    };
    GateRows gate(x, rows, half);
    auto made = torch::empty_like(x);
    for (std::int64_t y = 0; y < height; y += rows) {
        const std::int64_t some = std::min(rows, height - y);
        const auto around = gate.around(y, some, [&](std::int64_t first, std::int64_t count) {
            return layer_norm(activated(name + ".gate", first, count), weights, name + ".sg.norm");
        });
        const auto value = activated(name + ".value", y, some)
                               .mul_(depthwise_within(around, weights, name + ".sg.conv"));
        auto into = made.narrow(0, y, some);
        torch::add_out(into, x.narrow(0, y, some), linear(value, weights, name + ".fc2"));
    }
    return made;
}

}  // namespace sisr::nn::attention
