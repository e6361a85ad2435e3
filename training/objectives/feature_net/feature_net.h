/// Pretrained networks whose features are nearer to what people see than pixels are.
#pragma once

#include "formats/tensors.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sisr::training {

/// A network with frozen weights.
class FeatureNet {
public:
    FeatureNet() = default;
    FeatureNet(const FeatureNet&) = delete;
    FeatureNet& operator=(const FeatureNet&) = delete;
    virtual ~FeatureNet() = default;

    /// The layers' names that features() takes, from first to last.
    virtual const std::vector<std::string>& layers() const = 0;

    /// Feature maps [N,c,h,w] of the named layers, in their order, from RGB [N,3,H,W] in [0,1],
    /// display-encoded. Gradients flow to the images. Throws Error{usage} for an unknown layer.
    virtual std::vector<torch::Tensor> features(const torch::Tensor& rgb,
                                                const std::vector<std::string>& names) const = 0;
};

/// VGG19 (Simonyan and Zisserman 2015), torchvision's keys; weights up to any of its layers.
/// Layers: conv1_1 to conv5_4 before the activation, relu1_1 to relu5_4 after it.
std::unique_ptr<FeatureNet> make_vgg19(const Tensors& tensors, const Metadata& metadata,
                                       torch::Device device);

/// SqueezeNet 1.1 (Iandola et al. 2016), torchvision's keys. Layers: relu1, fire2 to fire9.
std::unique_ptr<FeatureNet> make_squeezenet(const Tensors& tensors, torch::Device device);

/// The network in a file: safetensors, or .pth as torchvision has it. Throws Error{not_found} that
/// tells which file to fetch, Error{bad_model} when it holds neither network.
std::unique_ptr<FeatureNet> load_feature_net(const std::filesystem::path& file,
                                             torch::Device device = torch::kCPU);

/// (rgb - mean) / deviation of ImageNet, [N,3,H,W].
torch::Tensor imagenet_normalised(const torch::Tensor& rgb);

/// Reads a layer's weight and bias as frozen float32 on the device. Throws Error{bad_model} for one
/// that is missing, of another shape or not finite.
struct ConvWeights {
    torch::Tensor weight;
    torch::Tensor bias;
};
ConvWeights take_convolution(const Tensors& tensors, const std::string& key,
                             std::vector<std::int64_t> shape, torch::Device device);

}  // namespace sisr::training
