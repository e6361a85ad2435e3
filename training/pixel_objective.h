/// Stage 1: the generator alone on the mean absolute error (SRResNet).
#pragma once

#include "generator.h"
#include "objective.h"

namespace sisr::training {

/// What a patch's error counts in the loss.
enum class Weighting {
    even,
    /// By the reciprocal of the error that its input has, enlarged bilinearly, with a mean of 1
    /// over the batch: inputs that lack little count as much as those that lack much, as they do in
    /// a mean of PSNR.
    relative
};

/// Mean absolute error of `made` [N,C,sh,sw] from `truth`, weighted; a scalar. lr [N,C,h,w]: the
/// inputs. All in [0,1].
torch::Tensor weighted_mae(Weighting weighting, const torch::Tensor& made,
                           const torch::Tensor& truth, const torch::Tensor& lr);

class PixelObjective final : public Objective {
public:
    PixelObjective(const SrResNetSettings& settings, const GeneratorOptions& options,
                   ProcessGroup& group, Weighting weighting = Weighting::even)
        : generator_(settings, options, group), weighting_(weighting) {}

    Losses step(const Batch& batch, double rate) override;
    void save(TensorFile& checkpoint) const override { generator_.save(checkpoint); }
    void load(const TensorFile& checkpoint) override { generator_.load(checkpoint); }
    const Tensors& averaged() const override { return generator_.averaged(); }
    const SrResNetSettings& settings() const override { return generator_.settings(); }

private:
    Generator generator_;
    Weighting weighting_;
};

}  // namespace sisr::training
