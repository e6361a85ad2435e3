#include "inference/colour_lock.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace sisr {
namespace {

namespace F = torch::nn::functional;

// Wide enough to leave the network its repair of 8x8 blocks, narrow enough that the mean of 16x16
// pixels follows the input's.
constexpr double kSigma = 4;
constexpr int kRadius = 12;
static_assert(kColourLockReach == kRadius + 1, "bilinear enlargement looks at the next pixel");

/// Weights of each channel by itself, [C,1,size,1] or [C,1,1,size].
torch::Tensor gaussian(std::int64_t channels, bool is_column) {
    auto weights = torch::empty({2 * kRadius + 1});
    for (int i = -kRadius; i <= kRadius; ++i) {
        weights[i + kRadius] = std::exp(-0.5 * i * i / (kSigma * kSigma));
    }
    weights /= weights.sum();
    const auto shaped = is_column ? weights.view({1, 1, -1, 1}) : weights.view({1, 1, 1, -1});
    return shaped.expand({channels, 1, -1, -1}).contiguous();
}

torch::Tensor blur(const torch::Tensor& image) {
    const auto along = [](const torch::Tensor& x, bool is_column) {
        const std::int64_t channels = x.size(1);
        const auto options = F::Conv2dFuncOptions().groups(channels).padding(
            is_column ? std::vector<std::int64_t>{kRadius, 0}
                      : std::vector<std::int64_t>{0, kRadius});
        return F::conv2d(x, gaussian(channels, is_column), options);
    };
    // Where the kernel reaches beyond the border there is nothing to weigh.
    const auto column = along(torch::ones({1, 1, image.size(2), 1}), true);
    const auto row = along(torch::ones({1, 1, 1, image.size(3)}), false);
    return along(along(image, true), false).div_(column).div_(row);
}

// Input rows for a thread to take at a time.
constexpr std::int64_t kGrainRows = 4;

/// A dense channels-last tensor of one image as rows of interleaved samples.
struct Rows {
    explicit Rows(const torch::Tensor& tensor)
        : samples(tensor.data_ptr<float>()),
          height(tensor.size(2)),
          width(tensor.size(3)),
          channels(tensor.size(1)) {}
    float* row(std::int64_t y) const { return samples + y * width * channels; }
    std::int64_t row_samples() const { return width * channels; }

    float* samples;
    std::int64_t height, width, channels;
};

/// Cuts `large` to [0,1] and takes the mean of each input pixel's square of `scale` from `lacking`.
/// The large image passes through the caches once for both.
void clamp_and_subtract_means(const Rows& large, const Rows& lacking) {
    const std::int64_t scale = large.height / lacking.height;
    const float share = 1.0F / static_cast<float>(scale * scale);
    const std::int64_t channels = large.channels;
    at::parallel_for(0, lacking.height, kGrainRows, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> sums(static_cast<std::size_t>(large.row_samples()));
        for (std::int64_t y = begin; y < end; ++y) {
            std::fill(sums.begin(), sums.end(), 0.0F);
            for (std::int64_t dy = 0; dy < scale; ++dy) {
                float* row = large.row(y * scale + dy);
                for (std::int64_t i = 0; i < large.row_samples(); ++i) {
                    row[i] = std::min(std::max(row[i], 0.0F), 1.0F);
                    sums[static_cast<std::size_t>(i)] += row[i];
                }
            }
            float* out = lacking.row(y);
            for (std::int64_t x = 0; x < lacking.width; ++x) {
                for (std::int64_t c = 0; c < channels; ++c) {
                    float sum = 0;
                    for (std::int64_t dx = 0; dx < scale; ++dx) {
                        sum += sums[static_cast<std::size_t>((x * scale + dx) * channels + c)];
                    }
                    out[x * channels + c] -= share * sum;
                }
            }
        }
    });
}

/// Where the centre of an enlarged image's pixel lies between two of the small one: from the small
/// pixel that it came from to the first of the two (-1 or 0), and the weight of the second.
struct Between {
    Between(std::int64_t at, std::int64_t scale) {
        const double source =
            (static_cast<double>(at % scale) + 0.5) / static_cast<double>(scale) - 0.5;
        first = source < 0 ? -1 : 0;
        weight = static_cast<float>(source - static_cast<double>(first));
    }
    std::int64_t first;
    float weight;
};

/// Row y of `small`, clamped to the image, enlarged across.
void enlarge_row(const Rows& small, std::int64_t y, std::int64_t scale, std::vector<float>& out) {
    const float* row = small.row(std::clamp<std::int64_t>(y, 0, small.height - 1));
    const std::int64_t channels = small.channels;
    for (std::int64_t phase = 0; phase < scale; ++phase) {
        const Between at(phase, scale);
        for (std::int64_t x = 0; x < small.width; ++x) {
            const float* a = row + std::max<std::int64_t>(x + at.first, 0) * channels;
            const float* b = row + std::min(x + at.first + 1, small.width - 1) * channels;
            float* to = out.data() + (x * scale + phase) * channels;
            for (std::int64_t c = 0; c < channels; ++c) to[c] = a[c] + at.weight * (b[c] - a[c]);
        }
    }
}

/// Adds `small`, enlarged bilinearly by a whole number (pixel centres as align_corners=false has
/// them), to `large`.
void add_enlarged(const Rows& small, const Rows& large) {
    const std::int64_t scale = large.height / small.height;
    // All rows of the large image between the centres of two small ones are blends of those.
    at::parallel_for(0, small.height + 1, kGrainRows, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> above(static_cast<std::size_t>(large.row_samples()));
        std::vector<float> below = above;
        enlarge_row(small, begin - 1, scale, below);
        for (std::int64_t gap = begin; gap < end; ++gap) {
            std::swap(above, below);
            enlarge_row(small, gap, scale, below);
            const std::int64_t last = std::min(gap * scale + scale / 2, large.height);
            std::int64_t y = std::max<std::int64_t>((gap - 1) * scale + scale / 2, 0);
            for (; y < last; ++y) {
                const float weight = Between(y, scale).weight;
                float* row = large.row(y);
                for (std::size_t i = 0; i < above.size(); ++i) {
                    row[i] += above[i] + weight * (below[i] - above[i]);
                }
            }
        }
    });
}

}  // namespace

torch::Tensor lock_colour(const torch::Tensor& input, torch::Tensor output) {
    output = output.contiguous(torch::MemoryFormat::ChannelsLast);
    // Not a view of the input, which stays as it is.
    const auto lacking = torch::empty_like(input, torch::MemoryFormat::ChannelsLast).copy_(input);
    const Rows large(output);
    clamp_and_subtract_means(large, Rows(lacking));
    const auto correction =
        blur(lacking.contiguous()).contiguous(torch::MemoryFormat::ChannelsLast);
    add_enlarged(Rows(correction), large);
    return output;
}

}  // namespace sisr
