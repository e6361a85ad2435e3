/// Stage 1: the generator alone on the mean absolute error (SRResNet).
#pragma once

#include "ema.h"
#include "model/architectures/srresnet/srresnet.h"
#include "objective.h"

#include <torch/torch.h>

namespace sisr::training {

struct PixelOptions {
    double ema_decay = 0.999;
    double clip_gradient = 1.0;  ///< greatest norm of the whole gradient; 0: no limit
    bool bf16 = false;           ///< convolutions in bf16; weights, loss and updates stay fp32
    std::uint64_t seed = 0;      ///< of the initial weights
    Tensors initial{};           ///< to start from; those of another shape are left out
};

class PixelObjective final : public Objective {
public:
    PixelObjective(const SrResNetSettings& settings, const PixelOptions& options);

    Losses step(const Batch& batch, double rate) override;
    void save(TensorFile& checkpoint) const override;
    void load(const TensorFile& checkpoint) override;
    const Tensors& averaged() const override { return ema_.tensors(); }
    const SrResNetSettings& settings() const override { return generator_->settings(); }

private:
    PixelOptions options_;
    SrResNet generator_;
    torch::optim::Adam optimizer_;
    Ema ema_;
};

}  // namespace sisr::training
