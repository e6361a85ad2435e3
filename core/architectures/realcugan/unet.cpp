#include "architectures/realcugan/unet.h"

#include "nn/conv/convolve.h"
#include "nn/mirrored.h"

#include <string>
#include <utility>

namespace sisr {
namespace {

constexpr double kSlope = 0.1;

// What two convolutions of 3x3 spoil at each border.
constexpr std::int64_t kOfTwo = 2;

bool is_recorded(const torch::Tensor& x) {
    return torch::GradMode::is_enabled() && x.requires_grad();
}

torch::Tensor rectified(const torch::Tensor& x) {
    if (is_recorded(x)) return torch::leaky_relu(x, kSlope);
    auto made = x;
    return torch::leaky_relu_(made, kSlope);
}

torch::Tensor convolved(const torch::Tensor& x, const UNetWeights& weights,
                        const std::string& name) {
    const auto& weight = weights.at(name + ".weight");
    return convolve(x, weight, weights.at(name + ".bias"), 1, weight.size(2) / 2);
}

torch::Tensor twice(const torch::Tensor& x, const UNetWeights& weights, const std::string& name) {
    const auto first = rectified(convolved(x, weights, name + ".conv.0"));
    return rectified(convolved(first, weights, name + ".conv.2"));
}

torch::Tensor halved(const torch::Tensor& x, const UNetWeights& weights, const std::string& name) {
    return rectified(torch::conv2d(x, weights.at(name + ".weight"), weights.at(name + ".bias"), 2));
}

torch::Tensor enlarged(const torch::Tensor& x, const UNetWeights& weights, const std::string& name,
                       std::int64_t factor) {
    const auto pixels = convolved(x, weights, name).permute({0, 2, 3, 1});
    const std::int64_t count = pixels.size(0);
    const std::int64_t height = pixels.size(1);
    const std::int64_t width = pixels.size(2);
    return pixels.reshape({count, height, width, factor, factor, -1})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({count, factor * height, factor * width, -1})
        .permute({0, 3, 1, 2});
}

torch::Tensor without(const torch::Tensor& x, std::int64_t margin) {
    return x.narrow(2, margin, x.size(2) - 2 * margin).narrow(3, margin, x.size(3) - 2 * margin);
}

/// x, of which as much is left out at each border as `other` is smaller.
torch::Tensor middle(const torch::Tensor& x, const torch::Tensor& other) {
    const std::int64_t above = (x.size(2) - other.size(2)) / 2;
    const std::int64_t left = (x.size(3) - other.size(3)) / 2;
    return x.narrow(2, above, other.size(2)).narrow(3, left, other.size(3));
}

/// Taken by value: neither is held any longer than that.
torch::Tensor joined(torch::Tensor whole, torch::Tensor x) { return x + middle(whole, x); }

/// What is within the margin, weighed by what the means of its channels tell.
torch::Tensor weighed(const torch::Tensor& x, const UNetWeights& weights, const std::string& name,
                      std::int64_t margin) {
    const auto inner = without(x, margin);
    const auto layer = [&](const torch::Tensor& mean, const char* of) {
        const std::string full = name + ".seblock." + of;
        return torch::conv2d(mean, weights.at(full + ".weight"), weights.at(full + ".bias"));
    };
    const auto few = torch::relu(layer(inner.mean({2, 3}, /*keepdim=*/true), "conv1"));
    return inner * torch::sigmoid(layer(few, "conv2"));
}

torch::Tensor surrounded(const torch::Tensor& picture, const UNetInput& input) {
    auto made = picture;
    for (const std::int64_t axis : {2, 3}) {
        const std::int64_t missing = nn::missing_for(picture.size(axis), input.multiple);
        made = nn::mirrored(made, axis, input.margin, input.margin + missing, nn::Border::once);
    }
    return torch::pixel_unshuffle(made, input.unshuffle)
        .contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace

torch::Tensor enlarging_convolution(const torch::Tensor& weight, std::int64_t stride) {
    const std::int64_t inputs = weight.size(0);
    const std::int64_t outputs = weight.size(1);
    const std::int64_t kernel = weight.size(2);
    // Pixel i adds to those from stride * i - reach on, each the place of pixel i or a neighbour.
    const std::int64_t reach = kernel == stride ? 0 : 1;
    const std::int64_t side = 2 * reach + 1;
    const auto made = torch::zeros({stride, stride, outputs, inputs, side, side}, weight.options());
    const auto phase = [&](std::int64_t k) { return (k - reach + stride) % stride; };
    const auto tap = [&](std::int64_t k) { return reach - ((k - reach + stride) / stride - 1); };
    for (std::int64_t y = 0; y < kernel; ++y) {
        for (std::int64_t x = 0; x < kernel; ++x) {
            made.select(0, phase(y))
                .select(0, phase(x))
                .select(2, tap(y))
                .select(2, tap(x))
                .copy_(weight.select(3, x).select(2, y).t());
        }
    }
    return made.reshape({stride * stride * outputs, inputs, side, side});
}

torch::Tensor run_shallow_unet(const torch::Tensor& picture, const UNetWeights& weights,
                               const UNetInput& input, int factor) {
    auto whole = twice(surrounded(picture, input), weights, "conv1");
    // Half of what is spoilt there, and what two convolutions spoil.
    auto x = weighed(twice(halved(whole, weights, "conv1_down"), weights, "conv2"), weights,
                     "conv2", kOfTwo / 2 + kOfTwo);
    x = rectified(enlarged(x, weights, "conv2_up", 2));
    x = joined(std::move(whole), std::move(x));
    x = rectified(convolved(x, weights, "conv3"));
    return enlarged(x, weights, "conv_bottom", factor);
}

torch::Tensor run_deep_unet(const torch::Tensor& features, const UNetWeights& weights) {
    auto whole = twice(features, weights, "conv1");
    auto half = weighed(twice(halved(whole, weights, "conv1_down"), weights, "conv2"), weights,
                        "conv2", (kSpoiltMargin + kOfTwo) / 2 + kOfTwo);
    auto x = weighed(twice(halved(half, weights, "conv2_down"), weights, "conv3"), weights, "conv3",
                     kOfTwo);
    x = rectified(enlarged(x, weights, "conv3_up", 2));
    x = joined(std::move(half), std::move(x));
    x = weighed(twice(x, weights, "conv4"), weights, "conv4", kOfTwo);
    x = rectified(enlarged(x, weights, "conv4_up", 2));
    x = joined(std::move(whole), std::move(x));
    x = rectified(convolved(x, weights, "conv5"));
    const auto made = without(convolved(x, weights, "conv_bottom"), kOfTwo);
    return made + middle(features, made);
}

}  // namespace sisr
