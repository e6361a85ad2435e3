#include "optimise/learner.h"

#include "nn/module_tensors.h"
#include "run/checkpoint.h"

#include <cmath>
#include <limits>

namespace sisr::training {
namespace {

// Divided by a small norm this must still be a float.
constexpr double kNoLimit = 1e20;

/// The parameters that Muon trains, or those that are left to Adam.
std::vector<torch::Tensor> share_of(const torch::nn::Module& module, Optimizer optimizer,
                                    bool of_muon) {
    std::vector<torch::Tensor> share;
    for (const auto& parameter : module.parameters()) {
        const bool is_muons = optimizer == Optimizer::muon && Muon::suits(parameter);
        if (is_muons == of_muon) share.push_back(parameter);
    }
    return share;
}

std::string momentum_prefix(const std::string& optimizer_key) {
    return optimizer_key + ".momentum.";
}

}  // namespace

Learner::Learner(torch::nn::Module& module, Optimizer optimizer, double clip, ProcessGroup& group)
    : module_(module),
      clip_(clip),
      group_(group),
      adam_(share_of(module, optimizer, false), torch::optim::AdamOptions().betas({0.9, 0.99})),
      muon_(share_of(module, optimizer, true)) {}

void Learner::begin() {
    module_.zero_grad();
    buffers_.clear();
    for (const auto& buffer : module_.buffers()) buffers_.push_back(buffer.clone());
}

double Learner::gradient(const torch::Tensor& loss) {
    // The gradient of a loss that is NaN need not be: that of an absolute value is a sign.
    std::vector<torch::Tensor> shared{loss.detach().clone().reshape({1})};
    if (group_.size() > 1) {
        for (auto& parameter : module_.parameters()) {
            if (parameter.grad().defined()) shared.push_back(parameter.mutable_grad());
        }
        group_.average(shared);
    }
    const double limit = clip_ > 0 ? clip_ : kNoLimit;
    const double norm = torch::nn::utils::clip_grad_norm_(module_.parameters(), limit);
    return std::isfinite(shared.front().item<double>()) ? norm
                                                        : std::numeric_limits<double>::quiet_NaN();
}

void Learner::update(double rate) {
    for (auto& group : adam_.param_groups()) group.options().set_lr(rate);
    adam_.step();
    muon_.step(rate);
}

void Learner::discard() {
    const torch::NoGradGuard no_grad;
    const auto now = module_.buffers();
    for (std::size_t i = 0; i < now.size(); ++i) {
        torch::Tensor buffer = now[i];
        buffer.copy_(buffers_[i]);
    }
}

void Learner::save(TensorFile& checkpoint, const std::string& name,
                   const std::string& optimizer_key) const {
    put_tensors(checkpoint, name + ".", module_tensors(module_));
    put_optimizer(checkpoint, optimizer_key, adam_);
    put_tensors(checkpoint, momentum_prefix(optimizer_key), muon_.momenta());
}

void Learner::load(const TensorFile& checkpoint, const std::string& name,
                   const std::string& optimizer_key) {
    load_tensors(module_, take_tensors(checkpoint, name + "."));
    // First, since it says plainly what libtorch would say of Adam's state.
    muon_.restore(take_tensors(checkpoint, momentum_prefix(optimizer_key)));
    take_optimizer(checkpoint, optimizer_key, adam_, module_.parameters().front().device());
}

void use_channels_last(torch::nn::Module& module) {
    for (auto& parameter : module.parameters()) {
        if (parameter.dim() == 4) {
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
        }
    }
}

}  // namespace sisr::training
