#include "architectures/upsampling.h"

#include <numeric>

namespace sisr {
namespace {

constexpr double kRange = 255;

torch::Tensor mean_of_div2k() { return torch::tensor({0.4488F, 0.4371F, 0.4040F}); }

bool has_mean(const nn::ProgramBuilder& builder) {
    return builder.has("sub_mean.weight") || builder.has("add_mean.weight");
}

/// Where in a pixel the enlarged ones lie, for x and then for y: [2 * groups * factor^2].
torch::Tensor places_in_pixel(int factor, int groups) {
    const auto place =
        (torch::arange(factor, torch::kFloat32) - (static_cast<double>(factor) - 1) / 2) / factor;
    const auto x = place.view({1, factor}).expand({factor, factor});
    const auto y = place.view({factor, 1}).expand({factor, factor});
    return torch::stack({x, y}).reshape({2, 1, -1}).repeat({1, groups, 1}).reshape({-1});
}

/// inputs: features [N,C,h,w], and how far from a pixel's middle [N,2*groups*factor^2,h,w] each
/// enlarged one is taken from. [N,C,factor*h,factor*w].
torch::Tensor sample(const std::vector<torch::Tensor>& inputs, int factor, int groups) {
    const auto& features = inputs.at(0);
    const std::int64_t count = features.size(0);
    const std::int64_t height = features.size(2);
    const std::int64_t width = features.size(3);
    const auto offsets = torch::pixel_shuffle(inputs.at(1), factor)
                             .reshape({count, 2, groups, factor * height, factor * width});
    // Middles of the pixels, each for the factor^2 that are made of it.
    const auto middles = [&](std::int64_t size) {
        const auto options = torch::dtype(torch::kFloat32).device(features.device());
        return torch::arange(size, options).repeat_interleave(factor) + 0.5;
    };
    const auto x = (offsets.select(1, 0) + middles(width)) * (2.0 / static_cast<double>(width)) - 1;
    const auto y = (offsets.select(1, 1) + middles(height).unsqueeze(1)) *
                       (2.0 / static_cast<double>(height)) -
                   1;
    const auto grid = torch::stack({x, y}, -1).flatten(0, 1);
    const auto apart = features.contiguous().reshape({count * groups, -1, height, width});
    const auto options = torch::nn::functional::GridSampleFuncOptions()
                             .mode(torch::kBilinear)
                             .padding_mode(torch::kBorder)
                             .align_corners(false);
    return torch::nn::functional::grid_sample(apart, grid, options)
        .reshape({count, -1, factor * height, factor * width});
}

}  // namespace

std::vector<int> shuffle_steps(const ShapeReader& shapes, const std::string& prefix, int channels) {
    std::vector<int> steps;
    for (int i = 0; i < shapes.count(prefix); i += 2) {
        steps.push_back(shuffle_factor(shapes, prefix + std::to_string(i), channels));
        if (steps.size() > 8) refuse_model("enlarges in more than 8 steps");
    }
    return steps;
}

nn::Value enlarge_by_steps(nn::ProgramBuilder& builder, nn::Value features,
                           const std::string& prefix, const std::vector<int>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        features = convolve_with_bias(builder, features, prefix + std::to_string(2 * i));
        features = builder.pixel_shuffle(features, steps[i]);
    }
    return features;
}

int product(const std::vector<int>& steps) {
    const std::int64_t all =
        std::accumulate(steps.begin(), steps.end(), std::int64_t{1}, std::multiplies<>());
    if (all > 64) refuse_model("enlarges more than 64 times");
    return static_cast<int>(all);
}

nn::Value times(nn::ProgramBuilder& builder, nn::Value input, double factor) {
    const int channels = builder.channels(input);
    return builder.affine(input, torch::full({channels}, factor, torch::kFloat32),
                          torch::zeros({channels}));
}

nn::Value without_mean(nn::ProgramBuilder& builder, nn::Value input, bool is_basicsr) {
    if (is_basicsr) {
        return builder.affine(input, torch::full({3}, kRange, torch::kFloat32),
                              mean_of_div2k() * -kRange);
    }
    if (!has_mean(builder)) return input;
    return convolve_with_bias(builder, times(builder, input, kRange), "sub_mean");
}

nn::Value with_mean(nn::ProgramBuilder& builder, nn::Value values, bool is_basicsr) {
    if (is_basicsr) {
        return builder.affine(values, torch::full({3}, 1 / kRange, torch::kFloat32),
                              mean_of_div2k());
    }
    if (!has_mean(builder)) return values;
    return times(builder, convolve_with_bias(builder, values, "add_mean"), 1 / kRange);
}

nn::Value squashed(nn::ProgramBuilder& builder, nn::Value input) {
    const int channels = builder.channels(input);
    const auto half = torch::full({channels}, 0.5, torch::kFloat32);
    return builder.affine(builder.activate(input, nn::Activation::tanh), half, half);
}

nn::Value sample_enlarged(nn::ProgramBuilder& builder, nn::Value features, const std::string& name,
                          int factor) {
    const nn::Value offset = convolve_with_bias(builder, features, name + ".offset");
    const nn::Value scope =
        builder.activate(builder.convolution(features, name + ".scope"), nn::Activation::sigmoid);
    const int places = builder.channels(offset);
    const int groups = places / (2 * factor * factor);
    const int channels = builder.channels(features);
    if (groups < 1 || groups * 2 * factor * factor != places || channels % groups != 0) {
        refuse_model("tensor \"" + name + ".offset.weight\" has " + std::to_string(places) +
                     " outputs, which are no places of " + std::to_string(factor) + " times");
    }
    builder.ignore(name + ".init_pos");  // a constant
    const nn::Value moved =
        builder.affine(builder.product(offset, scope), torch::full({places}, 0.5F),
                       places_in_pixel(factor, groups));
    nn::Custom operation;
    operation.run = [factor, groups](const std::vector<torch::Tensor>& inputs,
                                     const nn::Custom::Weights& /*weights*/) {
        return sample(inputs, factor, groups);
    };
    operation.multiply_adds = 4 * std::int64_t{channels};
    const nn::Value enlarged =
        builder.custom({features, moved}, std::move(operation), channels, {factor, 1});
    const std::string end = name + ".end_conv";
    if (!builder.has(end + ".weight") && !builder.has(end + ".bias")) return enlarged;
    return convolve_with_bias(builder, enlarged, end);
}

}  // namespace sisr
