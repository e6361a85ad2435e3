#include "engine/input_judge.h"

#include "engine/image_tensor.h"
#include "formats/torch_errors.h"
#include "image/transfer.h"

#include <algorithm>
#include <vector>

namespace sisr {
namespace {

constexpr int kSide = 64;          // of a square, in pixels
constexpr int kFewestSquares = 4;  // that are computed
constexpr int kMostSquares = 16;
constexpr int kMostAcross = 16;  // that are looked at, each way
constexpr int kShare = 8;        // of the picture, one part is computed
constexpr std::int64_t kWindow = 7;
constexpr double kTextured = 4;   // 8-bit values
constexpr double kEvidence = 50;  // pixels

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

/// How many pixels differ from their surroundings.
double textured_pixels(const Image& square) {
    return (local_deviation(255 * luma(view_as_tensor(square))) > kTextured).sum().item<double>();
}

struct Square {
    Image pixels;
    double textured;  ///< pixels
};

/// Spread evenly over the picture, those with the most texture.
std::vector<Square> choose_squares(const Image& picture) {
    const int width = std::min(kSide, picture.width());
    const int height = std::min(kSide, picture.height());
    // As many as cover the picture: they overlap where its size is no multiple of theirs.
    const int across = std::min((picture.width() + width - 1) / width, kMostAcross);
    const int down = std::min((picture.height() + height - 1) / height, kMostAcross);
    const auto place = [](int i, int count, int room) {
        return count == 1 ? 0 : static_cast<int>(std::int64_t{room} * i / (count - 1));
    };
    std::vector<Square> squares;
    for (int i = 0; i < down * across; ++i) {
        const int x = place(i % across, across, picture.width() - width);
        const int y = place(i / across, down, picture.height() - height);
        Image square = cut(picture, x, y, width, height);
        const double textured = textured_pixels(square);
        squares.push_back({std::move(square), textured});
    }
    std::stable_sort(squares.begin(), squares.end(),
                     [](const Square& a, const Square& b) { return a.textured > b.textured; });
    const std::int64_t pixels = std::int64_t{picture.width()} * picture.height();
    const auto wanted =
        std::clamp<std::int64_t>(pixels / kShare / (kSide * kSide), kFewestSquares, kMostSquares);
    squares.resize(std::min(squares.size(), static_cast<std::size_t>(wanted)));
    return squares;
}

/// [1,C,h,w] of as many colours as the network takes.
torch::Tensor as_input(const Image& square, int colour_channels) {
    const auto pixels = view_as_tensor(square);
    if (square.channels() == colour_channels) return pixels;
    if (square.channels() == 1) return pixels.expand({-1, colour_channels, -1, -1});
    return luma(pixels);
}

}  // namespace

InputJudge::InputJudge(const Model& model, const ExecutionPlan& plan)
    : model_(model), probe_(make_probe(model, plan.device, plan.precision)) {}

std::optional<torch::Tensor> InputJudge::describe(const Image& picture) const {
    const torch::InferenceMode inference;
    return translate_torch_errors(ErrorKind::internal, "judging the input", [&] {
        const auto squares = choose_squares(picture);
        std::vector<torch::Tensor> inputs;
        double textured = 0;
        for (const Square& square : squares) {
            inputs.push_back(as_input(square.pixels, model_.impl().traits.colour_channels));
            textured += square.textured;
        }
        if (textured < kEvidence) return std::optional<torch::Tensor>();
        return std::optional(probe_->forward(torch::cat(inputs)).mean(0));
    });
}

InputKind InputJudge::judge(const Image& picture) const {
    const Model::Impl& impl = model_.impl();
    if (impl.judge.empty()) return InputKind::damaged;
    const auto description = describe(picture);
    if (!description) return InputKind::damaged;
    const auto scores = impl.judge.at("weight").mv(*description) + impl.judge.at("bias");
    InputKind best = InputKind::damaged;
    const auto score = [&scores](InputKind kind) { return scores[judge_row(kind)].item<float>(); };
    for (const auto& special : impl.specials) {
        if (score(special.kind) > score(best)) best = special.kind;
    }
    return best;
}

}  // namespace sisr
