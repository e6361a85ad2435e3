/// Distances in the feature space of pretrained networks.
#pragma once

#include "objectives/feature_net/feature_net.h"

#include <sisr/image.h>

#include <torch/torch.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sisr::training {

enum class FeatureDistance {
    mse,  ///< mean squared difference of the maps (Ledig et al. 2017, equation 5)
    mae,  ///< mean absolute difference of the maps (Wang et al. 2018, ESRGAN, section 3.3)
    /// Maps scaled to unit length at each position, squared difference summed over channels, mean
    /// over positions (Zhang et al. 2018, unweighted)
    unit
};

/// The distance of two maps [N,c,h,w], a scalar in fp32.
torch::Tensor feature_distance(const torch::Tensor& a, const torch::Tensor& b,
                               FeatureDistance kind);

/// LPIPS 0.1 (Zhang et al. 2018) on SqueezeNet 1.1: features of seven taps scaled to unit length at
/// each position, squared differences weighted by the learned linear layers and summed over
/// channels, mean over positions, sum over taps. 0 for equals, lower is nearer.
class Lpips {
public:
    /// `linear`: safetensors or .pth with lin0 to lin6, a weight for each channel of a tap, or by
    /// the names of LPIPS' own squeeze.pth. Throws Error{bad_model, not_found}.
    explicit Lpips(const std::filesystem::path& linear, torch::Device device = torch::kCPU);

    /// Of the maps of the seven taps (lpips_taps); a scalar in fp32.
    torch::Tensor operator()(const std::vector<torch::Tensor>& result,
                             const std::vector<torch::Tensor>& truth) const;

private:
    std::vector<torch::Tensor> weights_;
};

/// SqueezeNet's layers that LPIPS looks at.
const std::vector<std::string>& lpips_taps();

/// A weighted sum over layers of one or several networks.
class PerceptualLoss {
public:
    /// `layers`: "conv2_2:1, fire5:0.5", a weight may be left out. Each name goes to the network
    /// that has it; a network that none belongs to gives its usual ones: VGG19 conv5_4, SqueezeNet
    /// its seven taps of LPIPS, one seventh each. With `linear` (see Lpips) SqueezeNet has a layer
    /// "lpips" too, which is then its usual one. Throws Error{usage, not_found, bad_model}.
    PerceptualLoss(const std::vector<std::filesystem::path>& files,
                   const std::filesystem::path& linear, const std::string& layers,
                   FeatureDistance kind, torch::Device device = torch::kCPU);

    /// RGB [N,3,h,w] in [0,1]; a scalar. Gradients flow to `result`.
    torch::Tensor operator()(const torch::Tensor& result, const torch::Tensor& truth) const;

private:
    struct Part {
        std::unique_ptr<FeatureNet> network;
        std::vector<std::string> layers;
        std::vector<double> weights;
        double lpips_weight = 0;
    };
    std::optional<Lpips> lpips_;
    std::vector<Part> parts_;
    FeatureDistance kind_;
};

struct FeatureFigures {
    double distance = 0;          ///< unweighted form of LPIPS: mean of the seven taps
    std::optional<double> lpips;  ///< with the learned weights, where they are given
};

/// The figures of the evaluation on 8-bit images, with SqueezeNet 1.1. Lower is better.
class FeatureMetric {
public:
    /// SqueezeNet 1.1's weights and, unless empty, LPIPS' linear layers. Throws as load_feature_net
    /// and Lpips do.
    explicit FeatureMetric(const std::filesystem::path& file,
                           const std::filesystem::path& linear = {});
    /// RGB or grey of equal size; alpha is not looked at.
    FeatureFigures operator()(const Image& truth, const Image& result) const;

private:
    std::unique_ptr<FeatureNet> network_;
    std::optional<Lpips> lpips_;
};

/// The colours as [1,3,h,w] float32, rounded to 8 bits.
torch::Tensor as_rgb_tensor(const Image& image);

}  // namespace sisr::training
