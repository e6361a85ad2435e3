#include "run/looks.h"

#include "formats/safetensors.h"
#include "image/resize.h"
#include "objectives/losses/perceptual.h"

#include <sisr/error.h>

#include <torch/fft.h>

#include <cmath>
#include <limits>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

constexpr std::int64_t kSpectrumBlock = 64;
constexpr std::int64_t kNeighbours = 4;  // frequencies each way that a peak is compared with
constexpr std::int64_t kPeakWidth = 3;   // and how near they may come
constexpr std::int64_t kNiqeBlock = 96;
constexpr std::int64_t kNiqeFeatures = 36;

/// BT.601 luma of the 8-bit image, 16 to 235: [h,w] float64.
torch::Tensor luma(const Image& image) {
    const auto rgb = 255 * as_rgb_tensor(image).to(torch::kFloat64)[0];
    return 16 + (65.481 * rgb[0] + 128.553 * rgb[1] + 24.966 * rgb[2]) / 255;
}

/// Mean over half-overlapping blocks of the log spectrum in dB, [64,64]; undefined without a block.
torch::Tensor mean_spectrum(const torch::Tensor& y) {
    constexpr std::int64_t kStep = kSpectrumBlock / 2;
    if (y.size(0) < kSpectrumBlock || y.size(1) < kSpectrumBlock) return {};
    const auto blocks = y.unfold(0, kSpectrumBlock, kStep)
                            .unfold(1, kSpectrumBlock, kStep)
                            .reshape({-1, kSpectrumBlock, kSpectrumBlock});
    // Periodic, so that a pattern of the block's divisors leaks nowhere.
    const auto window = torch::hann_window(kSpectrumBlock, torch::kFloat64);
    const auto seen =
        (blocks - blocks.mean({1, 2}, true)) * window.view({-1, 1}) * window.view({1, -1});
    return 10 * (torch::fft::fft2(seen).abs().square() + 1e-3).log10().mean(0);
}

/// A frequency in dB over the median of those round it. On an axis only the axis counts, where
/// edges of pictures have more than elsewhere.
double peak(const torch::TensorAccessor<double, 2>& spectrum, std::int64_t u, std::int64_t v) {
    const auto wrap = [](std::int64_t i) { return (i + kSpectrumBlock) % kSpectrumBlock; };
    std::vector<double> around;
    for (std::int64_t a = -kNeighbours; a <= kNeighbours; ++a) {
        for (std::int64_t b = -kNeighbours; b <= kNeighbours; ++b) {
            const bool is_off = std::max(std::abs(a), std::abs(b)) >= kPeakWidth;
            const bool is_alike = (u == 0) == (wrap(u + a) == 0) && (v == 0) == (wrap(v + b) == 0);
            if (is_off && is_alike) around.push_back(spectrum[wrap(u + a)][wrap(v + b)]);
        }
    }
    std::sort(around.begin(), around.end());
    const std::size_t half = around.size() / 2;
    const double median =
        around.size() % 2 == 1 ? around[half] : (around[half - 1] + around[half]) / 2;
    return spectrum[u][v] - median;
}

/// An asymmetric generalised Gaussian for each row of `rows` [n,m] (Lasmar et al. 2009).
struct Asymmetric {
    torch::Tensor shape, left, right;  // [n]
};

torch::Tensor root_mean_square(const torch::Tensor& rows, const torch::Tensor& mask) {
    const auto count = mask.sum(1);
    const auto mean = (rows.square() * mask).sum(1) / count.clamp_min(1);
    return torch::where(count > 0, mean.sqrt(), torch::full_like(mean, 1e-6));
}

Asymmetric fit(const torch::Tensor& rows) {
    const auto left = root_mean_square(rows, (rows < 0).to(torch::kFloat64));
    const auto right = root_mean_square(rows, (rows > 0).to(torch::kFloat64));
    const auto g = left / right;
    auto ratio = rows.abs().mean(1).square() / rows.square().mean(1).clamp_min(1e-12);
    ratio = ratio * (g.pow(3) + 1) * (g + 1) / (g.square() + 1).square();
    const auto gamma = [](const torch::Tensor& x) { return torch::lgamma(x).exp(); };
    const auto shapes = torch::arange(200, 10001, torch::kFloat64) / 1000;
    const auto of_shapes = gamma(2 / shapes).square() / (gamma(1 / shapes) * gamma(3 / shapes));
    const auto nearest = (of_shapes.view({1, -1}) - ratio.view({-1, 1})).abs().argmin(1);
    const auto shape = shapes.index_select(0, nearest);
    const auto scale = (gamma(1 / shape) / gamma(3 / shape)).sqrt();
    return {shape, left * scale, right * scale};
}

/// The 18 features of each block [n,side,side], [n,18].
torch::Tensor block_features(const torch::Tensor& blocks) {
    const Asymmetric own = fit(blocks.flatten(1));
    std::vector<torch::Tensor> features{own.shape, (own.left + own.right) / 2};
    const std::int64_t shifts[][2] = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
    for (const auto& [rows, columns] : shifts) {
        const Asymmetric pair = fit((blocks * blocks.roll({rows, columns}, {1, 2})).flatten(1));
        const auto moment = torch::lgamma(2 / pair.shape) - torch::lgamma(1 / pair.shape);
        features.insert(features.end(), {pair.shape, (pair.right - pair.left) * moment.exp(),
                                         pair.left, pair.right});
    }
    return torch::stack(features, 1);
}

torch::Tensor blur(const torch::Tensor& y) {
    const auto x = torch::arange(-3, 4, torch::kFloat64);
    auto weights = torch::exp(-x.square() / (2 * 49.0 / 36));
    weights = (weights / weights.sum()).view({1, 1, 1, -1});
    const auto padded = F::pad(y.view({1, 1, y.size(0), y.size(1)}),
                               F::PadFuncOptions({3, 3, 3, 3}).mode(torch::kReplicate));
    return torch::conv2d(torch::conv2d(padded, weights), weights.transpose(2, 3))[0][0];
}

/// Contrast-normalised blocks of `side` pixels, [n,side,side].
torch::Tensor normalised_blocks(const torch::Tensor& y, std::int64_t side) {
    const auto mean = blur(y);
    const auto deviation = (blur(y.square()) - mean.square()).abs().sqrt();
    const auto x = (y - mean) / (deviation + 1);
    return x.unfold(0, side, side).unfold(1, side, side).reshape({-1, side, side});
}

torch::Tensor halved(const torch::Tensor& y) {
    ImageShape shape;
    shape.width = static_cast<int>(y.size(1));
    shape.height = static_cast<int>(y.size(0));
    shape.colour_channels = 1;
    Image image(shape);
    const auto samples = y.to(torch::kFloat32).contiguous();
    std::copy_n(samples.data_ptr<float>(), image.samples().size(), image.samples().begin());
    Image small = resize(image, {shape.width / 2, shape.height / 2}, Kernel::bicubic);
    return torch::from_blob(small.samples().data(), {small.height(), small.width()})
        .to(torch::kFloat64);
}

}  // namespace

double grid_db(const Image& image, int period) {
    const torch::NoGradGuard no_grad;
    const auto spectrum = mean_spectrum(luma(image));
    if (!spectrum.defined()) return std::numeric_limits<double>::quiet_NaN();
    const auto values = spectrum.contiguous();
    const auto access = values.accessor<double, 2>();
    double worst = -std::numeric_limits<double>::infinity();
    for (int m = 0; m < period; ++m) {
        for (int n = 0; n < period; ++n) {
            if (m == 0 && n == 0) continue;
            worst = std::max(
                worst, peak(access, kSpectrumBlock * m / period, kSpectrumBlock * n / period));
        }
    }
    return worst;
}

Niqe::Niqe(const std::filesystem::path& file) {
    const TensorFile content = read_safetensors(file);
    const auto take = [&](const char* name, std::vector<std::int64_t> shape) {
        const auto found = content.tensors.find(name);
        if (found == content.tensors.end() || found->second.sizes().vec() != shape) {
            throw Error(ErrorKind::bad_model, file.string(),
                        std::string("holds no model of natural pictures (") + name + ")");
        }
        return found->second.to(torch::kFloat64);
    };
    mean_ = take("mu_pris_param", {kNiqeFeatures});
    covariance_ = take("cov_pris_param", {kNiqeFeatures, kNiqeFeatures});
}

double Niqe::operator()(const Image& image) const {
    const torch::NoGradGuard no_grad;
    const std::int64_t height = image.height() / kNiqeBlock * kNiqeBlock;
    const std::int64_t width = image.width() / kNiqeBlock * kNiqeBlock;
    if (height < 2 * kNiqeBlock || width < 2 * kNiqeBlock) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const auto y = luma(image).slice(0, 0, height).slice(1, 0, width).round();
    const auto features = torch::cat({block_features(normalised_blocks(y, kNiqeBlock)),
                                      block_features(normalised_blocks(halved(y), kNiqeBlock / 2))},
                                     1);
    const auto difference = mean_ - features.mean(0);
    const auto centred = features - features.mean(0, true);
    const auto own = centred.t().mm(centred) / static_cast<double>(features.size(0) - 1);
    const auto inverse = torch::linalg_pinv((covariance_ + own) / 2);
    return std::sqrt(torch::dot(difference, inverse.mv(difference)).item<double>());
}

}  // namespace sisr::training
