#include "engine/colour_lock.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace sisr {
namespace {

// Wide enough to leave the network its repair of 8x8 blocks, narrow enough that the mean of 16x16
// pixels follows the input's.
constexpr double kSigma = 4;

// Of what is cut off at black and white: its place is near.
constexpr double kCutSigma = 2;

constexpr std::int64_t radius_of(double sigma) { return static_cast<std::int64_t>(3 * sigma); }

// Bilinear enlargement looks at the next pixel.
static_assert(kColourLockReach == radius_of(kSigma) + 1 + radius_of(kCutSigma) + 1);

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

float cut(float value) { return std::min(std::max(value, 0.0F), 1.0F); }

/// Takes the mean of what `look` makes of each input pixel's square of samples from `lacking`.
/// look: gets a sample of `large`, may change it, and returns a value; so that the large image
/// passes through the caches once for both.
template <typename Look>
void subtract_means(const Rows& large, const Rows& lacking, Look look) {
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
                    sums[static_cast<std::size_t>(i)] += look(row[i]);
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

/// Weights of a pixel's neighbours each way.
struct Gaussian {
    explicit Gaussian(double sigma) : radius(radius_of(sigma)) {
        for (std::int64_t i = -radius; i <= radius; ++i) {
            const auto at = static_cast<double>(i);
            weights.push_back(static_cast<float>(std::exp(-0.5 * at * at / (sigma * sigma))));
        }
    }
    float weight(std::int64_t i) const { return weights[static_cast<std::size_t>(i + radius)]; }

    std::int64_t radius;
    std::vector<float> weights;
};

/// Places of a kernel that lie inside [0, length) round `at`, and what they sum up to.
struct Inside {
    Inside(const Gaussian& kernel, std::int64_t at, std::int64_t length)
        : first(std::max(-kernel.radius, -at)), last(std::min(kernel.radius, length - 1 - at)) {
        for (std::int64_t i = first; i <= last; ++i) sum += kernel.weight(i);
    }
    std::int64_t first, last;
    float sum = 0;
};

/// out[i] = sum over k of weight(k) * in[i + k * step], for count values.
void weigh(const float* in, std::int64_t step, const Inside& places, const Gaussian& kernel,
           std::int64_t count, float* out) {
    std::fill_n(out, count, 0.0F);
    for (std::int64_t k = places.first; k <= places.last; ++k) {
        const float weight = kernel.weight(k) / places.sum;
        const float* from = in + k * step;
        for (std::int64_t i = 0; i < count; ++i) out[i] += weight * from[i];
    }
}

/// Gaussian, first down, then across. Where the kernel reaches beyond the border there is nothing
/// to weigh.
void blur(const Rows& image, double sigma) {
    const Gaussian kernel(sigma);
    const std::vector<float> given(image.row(0), image.row(image.height));
    const std::int64_t channels = image.channels;
    const std::int64_t stride = image.row_samples();
    const std::int64_t border = std::min(kernel.radius, image.width);
    at::parallel_for(0, image.height, kGrainRows, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> down(static_cast<std::size_t>(stride));
        for (std::int64_t y = begin; y < end; ++y) {
            weigh(given.data() + y * stride, stride, Inside(kernel, y, image.height), kernel,
                  stride, down.data());
            const auto across = [&](std::int64_t x, std::int64_t pixels) {
                weigh(down.data() + x * channels, channels, Inside(kernel, x, image.width), kernel,
                      pixels * channels, image.row(y) + x * channels);
            };
            for (std::int64_t x = 0; x < border; ++x) across(x, 1);
            const std::int64_t inner = std::max(border, image.width - border);
            if (inner > border) across(border, inner - border);
            for (std::int64_t x = inner; x < image.width; ++x) across(x, 1);
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

bool is_zero(const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
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
            if (is_zero(above) && is_zero(below)) continue;
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
    const Rows small(lacking);
    subtract_means(large, small, [](float& value) { return value = cut(value); });
    blur(small, kSigma);
    add_enlarged(small, large);
    // What this brings beyond black and white is lost in most files; pixels round it take its
    // place.
    lacking.zero_();
    subtract_means(large, small, [](float& value) { return cut(value) - value; });
    blur(small, kCutSigma);
    add_enlarged(small, large);
    return output;
}

}  // namespace sisr
