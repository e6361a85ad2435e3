#include "nn/conv/convolve.h"
#include "objectives/feature_net/feature_net.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr::training {
namespace {

namespace F = torch::nn::functional;

/// Convolutions in each of the five stages, and their channels.
constexpr int kConvolutions[] = {2, 2, 4, 4, 4};
constexpr int kChannels[] = {64, 128, 256, 512, 512};

struct Layer {
    std::string name;  ///< "1_1" for conv1_1 and relu1_1
    bool starts_stage = false;
    ConvWeights weights;
};

class Vgg19 final : public FeatureNet {
public:
    Vgg19(const Tensors& tensors, bool reflects, torch::Device device) : reflects_(reflects) {
        int index = 0;
        std::int64_t inputs = 3;
        for (int stage = 0; stage < 5; ++stage) {
            for (int i = 0; i < kConvolutions[stage]; ++i) {
                const std::string key = "features." + std::to_string(index);
                if (tensors.count(key + ".weight") == 0) return;  // cut off here
                const std::string name = std::to_string(stage + 1) + "_" + std::to_string(i + 1);
                layers_.push_back(
                    {name, stage > 0 && i == 0,
                     take_convolution(tensors, key, {kChannels[stage], inputs, 3, 3}, device)});
                names_.push_back("conv" + name);
                names_.push_back("relu" + name);
                inputs = kChannels[stage];
                index += 2;  // the activation has a number of its own
            }
            ++index;  // so has the pooling
        }
    }

    const std::vector<std::string>& layers() const override { return names_; }

    std::vector<torch::Tensor> features(const torch::Tensor& rgb,
                                        const std::vector<std::string>& wanted) const override {
        std::vector<torch::Tensor> found(wanted.size());
        const auto keep = [&](const std::string& name, const torch::Tensor& map) {
            for (std::size_t i = 0; i < wanted.size(); ++i) {
                if (wanted[i] == name) found[i] = map;
            }
        };
        const auto last = last_wanted(wanted);
        auto map = imagenet_normalised(rgb);
        for (std::size_t i = 0; i <= last; ++i) {
            const Layer& layer = layers_[i];
            if (layer.starts_stage) map = torch::max_pool2d(map, 2);
            map = convolve(map, layer.weights);
            keep("conv" + layer.name, map);
            map = torch::relu(map);
            keep("relu" + layer.name, map);
        }
        return found;
    }

private:
    std::size_t last_wanted(const std::vector<std::string>& wanted) const {
        std::size_t last = 0;
        for (const std::string& name : wanted) {
            const auto found = std::find(names_.begin(), names_.end(), name);
            if (found == names_.end()) {
                throw Error(ErrorKind::usage, "layer \"" + name + "\"",
                            "is not in these weights, which go from " + names_.front() + " to " +
                                names_.back());
            }
            last = std::max<std::size_t>(last, (found - names_.begin()) / 2);
        }
        return last;
    }

    torch::Tensor convolve(const torch::Tensor& input, const ConvWeights& weights) const {
        if (!reflects_) return sisr::convolve(input, weights.weight, weights.bias);
        const auto padded = F::pad(input, F::PadFuncOptions({1, 1, 1, 1}).mode(torch::kReflect));
        return torch::conv2d(padded, weights.weight, weights.bias);
    }

    bool reflects_;
    std::vector<Layer> layers_;
    std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<FeatureNet> make_vgg19(const Tensors& tensors, const Metadata& metadata,
                                       torch::Device device) {
    const bool reflects = metadata_value(metadata, "padding").find("reflect") != std::string::npos;
    return std::make_unique<Vgg19>(tensors, reflects, device);
}

}  // namespace sisr::training
