/// The generator in training: what both stages do to it.
#pragma once

#include "optimise/ema.h"
#include "optimise/learner.h"
#include "optimise/network_spec.h"

namespace sisr::training {

struct GeneratorOptions {
    double ema_decay = 0.999;
    Optimizer optimizer = Optimizer::muon;
    double clip_gradient = 1.0;  ///< greatest norm of the whole gradient; 0: no limit
    bool bf16 = false;           ///< convolutions in bf16; weights, loss and updates stay fp32
    std::uint64_t seed = 0;      ///< of the initial weights
    torch::Device device = torch::kCPU;
    Tensors initial{};  ///< to start from, see make_trained_network()
};

class Generator {
public:
    Generator(const NetworkSpec& spec, const GeneratorOptions& options, ProcessGroup& group);

    /// [N,C,h,w] to [N,C,scale*h,scale*w] float32 on the device, with what the backward pass needs.
    torch::Tensor forward(const torch::Tensor& lr);

    torch::Device device() const { return device_; }
    Learner& learner() { return learner_; }
    /// Updates the weights and their average.
    void update(double rate);
    /// How often that was done, also before a checkpoint.
    std::int64_t updates() const { return ema_.updates(); }

    void save(TensorFile& checkpoint) const;
    void load(const TensorFile& checkpoint);

    const Tensors& averaged() const { return ema_.tensors(); }
    const NetworkSpec& network() const { return spec_; }

private:
    NetworkSpec spec_;
    std::shared_ptr<TrainedNetwork> network_;
    bool bf16_;
    torch::Device device_;
    Learner learner_;
    Ema ema_;
};

}  // namespace sisr::training
