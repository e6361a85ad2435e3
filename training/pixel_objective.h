/// Stage 1: the generator alone on the mean absolute error (SRResNet).
#pragma once

#include "generator.h"
#include "objective.h"

namespace sisr::training {

class PixelObjective final : public Objective {
public:
    PixelObjective(const SrResNetSettings& settings, const GeneratorOptions& options,
                   ProcessGroup& group)
        : generator_(settings, options, group) {}

    Losses step(const Batch& batch, double rate) override;
    void save(TensorFile& checkpoint) const override { generator_.save(checkpoint); }
    void load(const TensorFile& checkpoint) override { generator_.load(checkpoint); }
    const Tensors& averaged() const override { return generator_.averaged(); }
    const SrResNetSettings& settings() const override { return generator_.settings(); }

private:
    Generator generator_;
};

}  // namespace sisr::training
