/// Distances in the feature space of pretrained networks.
#pragma once

#include "feature_net/feature_net.h"

#include <sisr/image.h>

#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sisr::training {

enum class FeatureDistance {
    mse,  ///< mean squared difference of the maps (Ledig et al. 2017, equation 5)
    /// Maps scaled to unit length at each position, squared difference summed over channels, mean
    /// over positions (Zhang et al. 2018, unweighted)
    unit
};

/// The distance of two maps [N,c,h,w], a scalar in fp32.
torch::Tensor feature_distance(const torch::Tensor& a, const torch::Tensor& b,
                               FeatureDistance kind);

/// The result with the truth's own pixels where that is flat: of 15x15 pixels' grey a standard
/// deviation below about `deviation` 8-bit values, 0: nowhere. Both [N,3,h,w] in [0,1]. Features of
/// unit length are as long for the faintest grain of a truth as for its objects; a generator that
/// cannot know the grain learns to draw a grid in every sky instead.
torch::Tensor spare_flat_places(const torch::Tensor& result, const torch::Tensor& truth,
                                double deviation);

/// The mean absolute difference of what both have beyond their 5x5 pixels' mean, where the truth is
/// flat in the sense of spare_flat_places; a scalar. The absolute error alone does not see a grid
/// that is fainter than the error of the colour beneath it.
torch::Tensor grain(const torch::Tensor& result, const torch::Tensor& truth, double deviation);

/// A weighted sum over layers of one or several networks.
class PerceptualLoss {
public:
    /// `layers`: "conv2_2:1, fire5:0.5", a weight may be left out. Each name goes to the network
    /// that has it; a network that none belongs to gives its usual ones: VGG19 conv5_4, SqueezeNet
    /// its seven taps of LPIPS, one seventh each. Throws Error{usage, not_found, bad_model}.
    PerceptualLoss(const std::vector<std::filesystem::path>& files, const std::string& layers,
                   FeatureDistance kind, torch::Device device = torch::kCPU);

    /// RGB [N,3,h,w] in [0,1]; a scalar. Gradients flow to `result`.
    torch::Tensor operator()(const torch::Tensor& result, const torch::Tensor& truth) const;

private:
    struct Part {
        std::unique_ptr<FeatureNet> network;
        std::vector<std::string> layers;
        std::vector<double> weights;
    };
    std::vector<Part> parts_;
    FeatureDistance kind_;
};

/// The figure of the evaluation: the unweighted form of LPIPS with SqueezeNet 1.1, mean of its
/// seven taps, on 8-bit images. Lower is better.
class FeatureMetric {
public:
    /// SqueezeNet 1.1's weights. Throws as load_feature_net does.
    explicit FeatureMetric(const std::filesystem::path& file);
    /// RGB or grey of equal size; alpha is not looked at.
    double operator()(const Image& truth, const Image& result) const;

private:
    std::unique_ptr<FeatureNet> network_;
};

/// The colours as [1,3,h,w] float32, rounded to 8 bits.
torch::Tensor as_rgb_tensor(const Image& image);

}  // namespace sisr::training
