#include "architectures/srresnet/srresnet.h"

#include "architectures/srresnet/program.h"
#include "nn/conv/convolve.h"
#include "nn/fold_batch_norm.h"
#include "nn/module_tensors.h"
#include "nn/program_network.h"

#include <sisr/error.h>

#include <utility>

namespace sisr {
namespace {

constexpr double kLeastActivation = 1e-3;  // so that the logarithm of one that is silent is finite

torch::nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, int kernel) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(inputs, outputs, kernel).padding(kernel / 2));
}

torch::Tensor convolved(const torch::nn::Conv2d& layer, const torch::Tensor& input) {
    const auto& weight = layer->weight;
    return convolve(input, weight, layer->bias, 1, weight.size(2) / 2);
}

/// One learned slope per channel, as in the paper's own code. Null for ReLU.
torch::nn::PReLU activation(const SrResNetSettings& settings) {
    if (settings.activation == Activation::relu) return nullptr;
    return torch::nn::PReLU(torch::nn::PReLUOptions().num_parameters(settings.channels));
}

/// ReLU in place: the convolution before does not need its result again.
torch::Tensor activate(torch::nn::PReLU& prelu, torch::Tensor input) {
    return prelu ? prelu(input) : torch::relu_(input);
}

/// What the module's layers make of an input, as a network.
class Probe final : public Network {
public:
    Probe(SrResNet module, torch::Device device, torch::ScalarType precision)
        : module_(std::move(module)), device_(device) {
        module_->eval();
        module_->to(device, precision);
        for (auto& parameter : module_->parameters()) {
            parameter.set_requires_grad(false);
            if (parameter.dim() == 4) {
                parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
            }
        }
    }

    torch::Tensor forward(const torch::Tensor& input) const override {
        const torch::InferenceMode inference;
        auto module = module_;  // a handle: functions of a module are not const
        const auto on_device =
            input.to(device_, torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        return module->describe(on_device).to(torch::kCPU, torch::kFloat32);
    }

private:
    SrResNet module_;
    torch::Device device_;
};

bool detect(const Tensors& tensors) {
    for (const char* name : {"head.weight", "body.0.conv1.weight", "trunk.weight", "tail.weight"}) {
        if (tensors.count(name) == 0) return false;
    }
    return true;
}

Tensors prepare(const Tensors& tensors) {
    Tensors prepared;
    for (const auto& [name, tensor] : tensors) prepared[name] = tensor.to(torch::kFloat32);
    if (prepared.count("trunk_bn.weight") == 0) return prepared;

    fold_batch_norm(prepared, "trunk", "trunk_bn");
    for (int i = 0;; ++i) {
        const std::string block = "body." + std::to_string(i);
        if (prepared.count(block + ".conv1.weight") == 0) return prepared;
        fold_batch_norm(prepared, block + ".conv1", block + ".bn1");
        fold_batch_norm(prepared, block + ".conv2", block + ".bn2");
    }
}

nn::Program program(const Tensors& tensors, const Metadata& metadata) {
    Built built = srresnet_program().build(tensors, metadata);
    if (!built.unused.empty()) {
        throw Error(ErrorKind::bad_model, "model",
                    "the network has no tensor \"" + built.unused.front() + "\"");
    }
    return std::move(built.program);
}

NetworkTraits traits(const Tensors& tensors, const Metadata& metadata) {
    NetworkTraits result = nn::traits_of(program(tensors, metadata));
    result.probe_features = 2 * tensors.at("head.weight").size(0);
    return result;
}

SrResNet load(const Tensors& tensors, const Metadata& metadata) {
    SrResNet module(read_srresnet_settings(tensors, metadata));
    load_tensors(*module, tensors);  // which refuses what does not fit
    return module;
}

std::unique_ptr<Network> build(const Tensors& tensors, const Metadata& metadata,
                               torch::Device device, torch::ScalarType precision) {
    return nn::make_program_network(program(tensors, metadata), device, precision);
}

std::unique_ptr<Network> build_probe(const Tensors& tensors, const Metadata& metadata,
                                     torch::Device device, torch::ScalarType precision) {
    return std::make_unique<Probe>(load(tensors, metadata), device, precision);
}

}  // namespace

ResidualBlockImpl::ResidualBlockImpl(const SrResNetSettings& settings) {
    const int channels = settings.channels;
    conv1_ = register_module("conv1", convolution(channels, channels, 3));
    conv2_ = register_module("conv2", convolution(channels, channels, 3));
    if (settings.batch_norm) {
        bn1_ = register_module("bn1", torch::nn::BatchNorm2d(channels));
        bn2_ = register_module("bn2", torch::nn::BatchNorm2d(channels));
    }
    act_ = activation(settings);
    if (act_) register_module("act", act_);
}

torch::Tensor ResidualBlockImpl::inner(const torch::Tensor& input) {
    auto features = convolved(conv1_, input);
    if (bn1_) features = bn1_(features);
    return activate(act_, features);
}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& input) {
    auto features = convolved(conv2_, inner(input));
    if (bn2_) features = bn2_(features);
    return features.add_(input);
}

SrResNetImpl::SrResNetImpl(const SrResNetSettings& settings) : settings_(settings) {
    const int channels = settings.channels;
    const int colour = settings.colour_channels;
    head_ = register_module("head", convolution(colour, channels, settings.head_kernel));
    head_act_ = activation(settings);
    if (head_act_) register_module("head_act", head_act_);

    body_ = register_module("body", torch::nn::ModuleList());
    for (int i = 0; i < settings.blocks; ++i) body_->push_back(ResidualBlock(settings));
    trunk_ = register_module("trunk", convolution(channels, channels, 3));
    if (settings.batch_norm)
        trunk_bn_ = register_module("trunk_bn", torch::nn::BatchNorm2d(channels));

    upsample_ = register_module("upsample", torch::nn::ModuleList());
    upsample_act_ = register_module("upsample_act", torch::nn::ModuleList());
    for (const int step : upsampling_steps(settings)) {
        upsample_->push_back(convolution(channels, channels * step * step, 3));
        if (settings.activation == Activation::prelu)
            upsample_act_->push_back(activation(settings));
    }
    const int outputs =
        settings.stepwise_upsampling ? colour : colour * settings.scale * settings.scale;
    tail_ = register_module("tail", convolution(channels, outputs, settings.tail_kernel));
}

torch::Tensor SrResNetImpl::head(const torch::Tensor& input) {
    return activate(head_act_, convolved(head_, input.to(head_->weight.scalar_type())));
}

torch::Tensor SrResNetImpl::describe(const torch::Tensor& input) {
    const std::size_t last = body_->size() - 1;
    auto features = head(input);
    std::vector<torch::Tensor> means;
    for (std::size_t i = 0; i <= last; ++i) {
        const auto& block = body_->ptr<ResidualBlockImpl>(i);
        if (i == last / 2 || i == last) {
            const auto positive = block->inner(features).to(torch::kFloat32).clamp_min(0);
            means.push_back((positive.mean({2, 3}) + kLeastActivation).log());
        }
        if (i < last) features = block->forward(features);
    }
    return torch::cat({means.front(), means.back()}, 1);
}

torch::Tensor SrResNetImpl::forward(const torch::Tensor& input) {
    const auto head = this->head(input);
    auto features = head;
    for (const auto& block : *body_) features = block->as<ResidualBlock>()->forward(features);
    features = convolved(trunk_, features);
    if (trunk_bn_) features = trunk_bn_(features);
    features = upsample(features + head);
    const auto result = convolved(tail_, features.to(tail_->weight.scalar_type()));
    return shuffle_with_skip(result, input);
}

torch::Tensor SrResNetImpl::upsample(torch::Tensor features) {
    const auto steps = upsampling_steps(settings_);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        features = convolved(upsample_->ptr<torch::nn::Conv2dImpl>(i), features);
        features = torch::pixel_shuffle(features, steps[i]);
        torch::nn::PReLU prelu{nullptr};
        if (!upsample_act_->is_empty())
            prelu = torch::nn::PReLU(upsample_act_->ptr<torch::nn::PReLUImpl>(i));
        features = activate(prelu, features);
    }
    return features;
}

torch::Tensor SrResNetImpl::shuffle_with_skip(const torch::Tensor& residual,
                                              const torch::Tensor& input) const {
    // Shuffled in the layers' precision, added in the input's: the cheaper copy, the better sum.
    const bool shuffled = settings_.stepwise_upsampling;
    const auto enlarged = shuffled ? residual : torch::pixel_shuffle(residual, settings_.scale);
    if (settings_.input_skip == InputSkip::none) return enlarged;

    const std::vector<double> factors(2, settings_.scale);
    auto options = torch::nn::functional::InterpolateFuncOptions().scale_factor(factors);
    if (settings_.input_skip == InputSkip::bilinear) {
        options = options.mode(torch::kBilinear).align_corners(false);
    } else {
        options = options.mode(torch::kNearest);
    }
    return torch::nn::functional::interpolate(input, options) + enlarged.to(input.scalar_type());
}

const LegacyArchitecture& srresnet_architecture() {
    static const LegacyArchitecture kArchitecture{"srresnet", detect, prepare,
                                                  traits,     build,  build_probe};
    return kArchitecture;
}

}  // namespace sisr
