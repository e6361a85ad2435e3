#include "objectives/feature_net/feature_net.h"

#include "formats/pth.h"
#include "formats/safetensors.h"

#include <sisr/error.h>

namespace sisr::training {
namespace {

constexpr const char* kWhereToGet =
    "no such file; fetch https://download.pytorch.org/models/vgg19-dcbb9e9d.pth and name it with "
    "--perceptual";

TensorFile read_weights(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) {
        throw Error(ErrorKind::not_found, file.string(), kWhereToGet);
    }
    return file.extension() == ".safetensors" ? read_safetensors(file) : read_pth(file);
}

}  // namespace

std::unique_ptr<FeatureNet> load_feature_net(const std::filesystem::path& file,
                                             torch::Device device) {
    const TensorFile content = read_weights(file);
    try {
        if (content.tensors.count("features.3.squeeze.weight") != 0) {
            return make_squeezenet(content.tensors, device);
        }
        if (content.tensors.count("features.0.weight") != 0) {
            return make_vgg19(content.tensors, content.metadata, device);
        }
    } catch (const Error& error) {
        throw Error(ErrorKind::bad_model, file.string(), error.what());
    }
    throw Error(ErrorKind::bad_model, file.string(),
                "holds neither VGG19 nor SqueezeNet 1.1 under torchvision's names");
}

torch::Tensor imagenet_normalised(const torch::Tensor& rgb) {
    const auto mean = torch::tensor({0.485F, 0.456F, 0.406F}).view({1, 3, 1, 1});
    const auto deviation = torch::tensor({0.229F, 0.224F, 0.225F}).view({1, 3, 1, 1});
    return (rgb - mean.to(rgb.device())) / deviation.to(rgb.device());
}

ConvWeights take_convolution(const Tensors& tensors, const std::string& key,
                             std::vector<std::int64_t> shape, torch::Device device) {
    const auto take = [&](const std::string& name, const std::vector<std::int64_t>& expected) {
        const auto found = tensors.find(name);
        if (found == tensors.end()) {
            throw Error(ErrorKind::bad_model, "tensor \"" + name + "\"", "is missing");
        }
        if (found->second.sizes().vec() != expected) {
            throw Error(ErrorKind::bad_model, "tensor \"" + name + "\"", "has the wrong shape");
        }
        auto tensor = found->second.to(device, torch::kFloat32);
        if (!torch::isfinite(tensor).all().item<bool>()) {
            throw Error(ErrorKind::bad_model, "tensor \"" + name + "\"", "holds NaN or Inf");
        }
        return tensor.dim() == 4 ? tensor.contiguous(torch::MemoryFormat::ChannelsLast) : tensor;
    };
    return {take(key + ".weight", shape), take(key + ".bias", {shape.front()})};
}

}  // namespace sisr::training
