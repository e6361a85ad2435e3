#include "inference/damage_meter.h"

#include "image/transfer.h"
#include "inference/image_tensor.h"
#include "model/model_impl.h"

#include <algorithm>
#include <vector>

namespace sisr {
namespace {

constexpr int kSide = 64;         // of a square, in pixels
constexpr int kMostSquares = 16;  // that are computed
constexpr int kMostAcross = 16;   // that are looked at, each way
constexpr int kShare = 8;         // of the picture, one part is computed
// Results near the edge of a square do not see what is beyond it.
constexpr int kEdge = 8;
constexpr std::int64_t kWindow = 7;
constexpr double kTextured = 4;   // 8-bit values
constexpr double kLeast = 2;      // so that hardly textured pixels do not rule
constexpr double kEvidence = 50;  // pixels

Model fidelity_of(const Model& model) {
    return model.info().has_strength ? at_strength(model, 0) : model;
}

/// The square's colours, display-encoded, black where it is transparent.
Image cut(const Image& picture, int x0, int y0, int width, int height) {
    const ImageShape& from = picture.shape();
    Image square(ImageShape{width, height, from.colour_channels, false, Encoding::display});
    for (int y = 0; y < height; ++y) {
        const float* in = picture.row(y0 + y) + static_cast<std::ptrdiff_t>(x0) * from.channels();
        float* out = square.row(y);
        for (int x = 0; x < width; ++x, in += from.channels(), out += from.colour_channels) {
            const float alpha = from.has_alpha ? in[from.colour_channels] : 1.0F;
            for (int c = 0; c < from.colour_channels; ++c) {
                const float value = from.encoding == Encoding::linear ? srgb_encode(in[c]) : in[c];
                out[c] = std::clamp(alpha * value, 0.0F, 1.0F);
            }
        }
    }
    return square;
}

torch::Tensor local_deviation(const torch::Tensor& grey) {
    const auto mean = [](const torch::Tensor& x) {
        return torch::avg_pool2d(x, kWindow, 1, kWindow / 2, false, /*count_include_pad=*/false);
    };
    return (mean(grey.square()) - mean(grey).square()).clamp_min(0).sqrt();
}

struct Square {
    Image pixels;
    torch::Tensor grey;       ///< [1,1,h,w]
    torch::Tensor deviation;  ///< [1,1,h,w]
    double textured;          ///< pixels
};

Square look_at(Image pixels) {
    const auto grey = 255 * luma(view_as_tensor(pixels));
    const auto deviation = local_deviation(grey);
    const double textured = (deviation > kTextured).sum().item<double>();
    return {std::move(pixels), grey, deviation, textured};
}

/// Spread evenly over the picture, those with the most texture.
std::vector<Square> choose_squares(const Image& picture) {
    const int width = std::min(kSide, picture.width());
    const int height = std::min(kSide, picture.height());
    const int across = std::clamp(picture.width() / width, 1, kMostAcross);
    const int down = std::clamp(picture.height() / height, 1, kMostAcross);
    const auto place = [](int i, int count, int room) {
        return count == 1 ? 0 : static_cast<int>(std::int64_t{room} * i / (count - 1));
    };
    std::vector<Square> squares;
    for (int i = 0; i < down * across; ++i) {
        const int x = place(i % across, across, picture.width() - width);
        const int y = place(i / across, down, picture.height() - height);
        squares.push_back(look_at(cut(picture, x, y, width, height)));
    }
    std::stable_sort(squares.begin(), squares.end(),
                     [](const Square& a, const Square& b) { return a.textured > b.textured; });
    const std::int64_t pixels = std::int64_t{picture.width()} * picture.height();
    const auto wanted =
        std::clamp<std::int64_t>(pixels / kShare / (kSide * kSide), 1, kMostSquares);
    squares.resize(std::min(squares.size(), static_cast<std::size_t>(wanted)));
    return squares;
}

/// Without the edge, where there is enough else.
torch::Tensor inner(const torch::Tensor& map) {
    const auto cut_off = [](const torch::Tensor& x, int dim) {
        return x.size(dim) < 4 * kEdge ? x : x.narrow(dim, kEdge, x.size(dim) - 2 * kEdge);
    };
    return cut_off(cut_off(map, 2), 3);
}

}  // namespace

DamageMeter::DamageMeter(const Model& model, const ExecutionPlan& plan)
    : restorer_(fidelity_of(model), plan, {}) {}

std::optional<double> DamageMeter::measure(const Image& picture) const {
    const torch::InferenceMode inference;
    double sum = 0;
    double pixels = 0;
    for (const Square& square : choose_squares(picture)) {
        const auto result = restorer_.compute(square.pixels).clamp(0, 1);
        const auto reduced = torch::avg_pool2d(result, restorer_.scale());
        const auto change = inner((255 * luma(reduced) - square.grey).abs());
        const auto deviation = inner(square.deviation);
        const auto counts = deviation > kTextured;
        sum += (change / (deviation + kLeast)).masked_select(counts).sum().item<double>();
        pixels += counts.sum().item<double>();
    }
    if (pixels < kEvidence) return std::nullopt;
    return sum / pixels;
}

}  // namespace sisr
