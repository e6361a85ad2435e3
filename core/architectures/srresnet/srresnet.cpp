#include "architectures/srresnet/srresnet.h"

#include "architectures/srresnet/fused_srresnet.h"
#include "nn/conv/convolve.h"
#include "nn/fold_batch_norm.h"
#include "nn/module_tensors.h"

namespace sisr {
namespace {

namespace nn = torch::nn;

constexpr double kLeastActivation = 1e-3;  // so that the logarithm of one that is silent is finite

nn::Conv2d convolution(std::int64_t inputs, std::int64_t outputs, int kernel) {
    return nn::Conv2d(nn::Conv2dOptions(inputs, outputs, kernel).padding(kernel / 2));
}

torch::Tensor convolved(const nn::Conv2d& layer, const torch::Tensor& input) {
    const auto& weight = layer->weight;
    return convolve(input, weight, layer->bias, 1, weight.size(2) / 2);
}

/// One learned slope per channel, as in the paper's own code. Null for ReLU.
nn::PReLU activation(const SrResNetSettings& settings) {
    if (settings.activation == Activation::relu) return nullptr;
    return nn::PReLU(nn::PReLUOptions().num_parameters(settings.channels));
}

/// ReLU in place: the convolution before does not need its result again.
torch::Tensor activate(nn::PReLU& prelu, torch::Tensor input) {
    return prelu ? prelu(input) : torch::relu_(input);
}

/// One of the module's functions as a network.
class SrResNetNetwork final : public Network {
public:
    using Function =
        std::function<torch::Tensor(SrResNetImpl&, const torch::Tensor&, const OnShare&)>;

    SrResNetNetwork(SrResNet module, Function function, torch::Device device,
                    torch::ScalarType precision)
        : module_(std::move(module)), function_(std::move(function)), device_(device) {
        module_->eval();
        module_->to(device, precision);
        // Without an input skip the tail's result is the picture itself, which the 8 bits of a
        // bf16 mantissa would band; with one it is a small residual.
        if (module_->settings().input_skip == InputSkip::none) module_->tail()->to(torch::kFloat32);
        for (auto& parameter : module_->parameters()) {
            parameter.set_requires_grad(false);
            if (parameter.dim() == 4) {
                parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
            }
        }
    }

    torch::Tensor forward(const torch::Tensor& input) const override {
        return forward_telling(input, [](double /*share*/) {});
    }

    torch::Tensor forward_telling(const torch::Tensor& input,
                                  const OnShare& on_share) const override {
        const torch::InferenceMode inference;
        auto module = module_;  // a handle: functions of a module are not const
        const auto on_device =
            input.to(device_, torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        return function_(*module, on_device, on_share).to(torch::kCPU, torch::kFloat32);
    }

private:
    SrResNet module_;
    Function function_;
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

NetworkTraits traits(const Tensors& tensors, const Metadata& metadata) {
    auto result = srresnet_traits(read_srresnet_settings(tensors, metadata));
    for (const auto& item : tensors) result.parameters += item.second.numel();
    return result;
}

SrResNet load(const Tensors& tensors, const Metadata& metadata) {
    SrResNet module(read_srresnet_settings(tensors, metadata));
    load_tensors(*module, tensors);  // which refuses what does not fit
    return module;
}

std::unique_ptr<Network> build(const Tensors& tensors, const Metadata& metadata,
                               torch::Device device, torch::ScalarType precision) {
    const SrResNet module = load(tensors, metadata);
    const SrResNetSettings& settings = module->settings();
    if (device.is_cpu() && can_fuse(settings)) {
        return make_fused_srresnet(settings, module_tensors(*module), precision);
    }
    return std::make_unique<SrResNetNetwork>(module, &SrResNetImpl::forward_telling, device,
                                             precision);
}

std::unique_ptr<Network> build_probe(const Tensors& tensors, const Metadata& metadata,
                                     torch::Device device, torch::ScalarType precision) {
    const auto describe = [](SrResNetImpl& module, const torch::Tensor& input,
                             const Network::OnShare& /*on_share*/) {
        return module.describe(input);
    };
    return std::make_unique<SrResNetNetwork>(load(tensors, metadata), describe, device, precision);
}

}  // namespace

ResidualBlockImpl::ResidualBlockImpl(const SrResNetSettings& settings) {
    const int channels = settings.channels;
    conv1_ = register_module("conv1", convolution(channels, channels, 3));
    conv2_ = register_module("conv2", convolution(channels, channels, 3));
    if (settings.batch_norm) {
        bn1_ = register_module("bn1", nn::BatchNorm2d(channels));
        bn2_ = register_module("bn2", nn::BatchNorm2d(channels));
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

    body_ = register_module("body", nn::ModuleList());
    for (int i = 0; i < settings.blocks; ++i) body_->push_back(ResidualBlock(settings));
    trunk_ = register_module("trunk", convolution(channels, channels, 3));
    if (settings.batch_norm) trunk_bn_ = register_module("trunk_bn", nn::BatchNorm2d(channels));

    upsample_ = register_module("upsample", nn::ModuleList());
    upsample_act_ = register_module("upsample_act", nn::ModuleList());
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
    return forward_telling(input, [](double /*share*/) {});
}

torch::Tensor SrResNetImpl::forward_telling(const torch::Tensor& input,
                                            const Network::OnShare& on_share) {
    // A block is two convolutions of the input's size; a step of the enlargement yields step*step
    // times as many channels, of what is enlarged already.
    const auto cost = [](int step, int enlarged) {
        return step * step * enlarged * enlarged / 2.0;
    };
    auto work = static_cast<double>(body_->size());
    int enlarged = 1;
    for (const int step : upsampling_steps(settings_)) {
        work += cost(step, enlarged);
        enlarged *= step;
    }
    enlarged = 1;
    double done = 0;
    const auto head = this->head(input);
    auto features = head;
    for (const auto& block : *body_) {
        features = block->as<ResidualBlock>()->forward(features);
        on_share(++done / work);
    }
    features = convolved(trunk_, features);
    if (trunk_bn_) features = trunk_bn_(features);
    features = upsample(features + head, [&](int step) {
        done += cost(step, enlarged);
        enlarged *= step;
        on_share(done / work);
    });
    const auto result = convolved(tail_, features.to(tail_->weight.scalar_type()));
    return shuffle_with_skip(result, input);
}

torch::Tensor SrResNetImpl::upsample(torch::Tensor features,
                                     const std::function<void(int step)>& on_step) {
    const auto steps = upsampling_steps(settings_);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        features = convolved(upsample_->ptr<nn::Conv2dImpl>(i), features);
        features = torch::pixel_shuffle(features, steps[i]);
        nn::PReLU prelu{nullptr};
        if (!upsample_act_->is_empty()) prelu = nn::PReLU(upsample_act_->ptr<nn::PReLUImpl>(i));
        features = activate(prelu, features);
        on_step(steps[i]);
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
    auto options = nn::functional::InterpolateFuncOptions().scale_factor(factors);
    if (settings_.input_skip == InputSkip::bilinear) {
        options = options.mode(torch::kBilinear).align_corners(false);
    } else {
        options = options.mode(torch::kNearest);
    }
    return nn::functional::interpolate(input, options) + enlarged.to(input.scalar_type());
}

const LegacyArchitecture& srresnet_architecture() {
    static const LegacyArchitecture kArchitecture{"srresnet", detect, prepare,
                                                  traits,     build,  build_probe};
    return kArchitecture;
}

}  // namespace sisr
