#include "nn/conv/convolve.h"
#include "objectives/feature_net/feature_net.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr::training {
namespace {

/// A fire module: squeeze to few channels, expand by 1x1 and 3x3.
struct Fire {
    int key;  ///< its number in torchvision's list
    int inputs;
    int squeezed;
    int expanded;  ///< by each of the two
    bool pools_before;
};

constexpr Fire kFires[] = {
    {3, 64, 16, 64, true},     {4, 128, 16, 64, false},   {6, 128, 32, 128, true},
    {7, 256, 32, 128, false},  {9, 256, 48, 192, true},   {10, 384, 48, 192, false},
    {11, 384, 64, 256, false}, {12, 512, 64, 256, false},
};

class SqueezeNet final : public FeatureNet {
public:
    SqueezeNet(const Tensors& tensors, torch::Device device)
        : first_(take_convolution(tensors, "features.0", {64, 3, 3, 3}, device)) {
        names_.emplace_back("relu1");
        for (const Fire& fire : kFires) {
            const std::string key = "features." + std::to_string(fire.key);
            fires_.push_back({take_convolution(tensors, key + ".squeeze",
                                               {fire.squeezed, fire.inputs, 1, 1}, device),
                              take_convolution(tensors, key + ".expand1x1",
                                               {fire.expanded, fire.squeezed, 1, 1}, device),
                              take_convolution(tensors, key + ".expand3x3",
                                               {fire.expanded, fire.squeezed, 3, 3}, device)});
            names_.push_back("fire" + std::to_string(names_.size() + 1));
        }
    }

    const std::vector<std::string>& layers() const override { return names_; }

    std::vector<torch::Tensor> features(const torch::Tensor& rgb,
                                        const std::vector<std::string>& wanted) const override {
        std::vector<torch::Tensor> all{
            torch::relu(torch::conv2d(imagenet_normalised(rgb), first_.weight, first_.bias, 2))};
        for (std::size_t i = 0; i < fires_.size(); ++i) {
            auto map = all.back();
            if (kFires[i].pools_before) map = torch::max_pool2d(map, 3, 2, 0, 1, true);
            all.push_back(run(fires_[i], map));
        }
        std::vector<torch::Tensor> found;
        for (const std::string& name : wanted) {
            const auto at = std::find(names_.begin(), names_.end(), name);
            if (at == names_.end()) {
                throw Error(ErrorKind::usage, "layer \"" + name + "\"",
                            "is none of SqueezeNet's relu1, fire2 to fire9");
            }
            found.push_back(all[static_cast<std::size_t>(at - names_.begin())]);
        }
        return found;
    }

private:
    struct Weights {
        ConvWeights squeeze, expand1, expand3;
    };

    static torch::Tensor run(const Weights& fire, const torch::Tensor& input) {
        const auto convolve = [](const torch::Tensor& map, const ConvWeights& weights,
                                 int padding) {
            return torch::relu(sisr::convolve(map, weights.weight, weights.bias, 1, padding));
        };
        const auto squeezed = convolve(input, fire.squeeze, 0);
        return torch::cat(
            {convolve(squeezed, fire.expand1, 0), convolve(squeezed, fire.expand3, 1)}, 1);
    }

    ConvWeights first_;
    std::vector<Weights> fires_;
    std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<FeatureNet> make_squeezenet(const Tensors& tensors, torch::Device device) {
    return std::make_unique<SqueezeNet>(tensors, device);
}

}  // namespace sisr::training
