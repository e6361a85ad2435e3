/// Stage 1: the generator alone on an error of its pixels (SRResNet).
#pragma once

#include "objectives/objective.h"
#include "objectives/teacher.h"
#include "optimise/generator.h"

namespace sisr::training {

/// What a generator is trained on in stage 1.
enum class PixelLoss {
    mae,
    /// The mean absolute error, a patch's weighted by the reciprocal of the error that its input
    /// has, enlarged bilinearly, with a mean of 1 over the batch: inputs that lack little count as
    /// much as those that lack much, as they do in a mean of PSNR.
    relative,
    /// The mean of the natural logarithms of the patches' mean squared errors, as in Chen et al.
    /// 2021 (HINet), so that what falls is what a mean of PSNR measures. Of BT.601 luma for four
    /// fifths, as PSNR is taken of luma, and of all colours for one, so that they stay right.
    psnr
};

/// The loss of `made` [N,C,sh,sw] against `truth`; a scalar. lr [N,C,h,w]: the inputs. All are in
/// [0,1], with 1 or 3 colours.
torch::Tensor pixel_loss(PixelLoss loss, const torch::Tensor& made, const torch::Tensor& truth,
                         const torch::Tensor& lr);

/// Losses: "mae", in the case of PixelLoss::relative weighted; "log_error" for PixelLoss::psnr.
/// With a teacher they are of the target, and "truth_mae" of the truth.
class PixelObjective final : public Objective {
public:
    PixelObjective(const NetworkSpec& spec, const GeneratorOptions& options, ProcessGroup& group,
                   PixelLoss loss = PixelLoss::mae, Teacher teacher = {})
        : generator_(spec, options, group), loss_(loss), teacher_(std::move(teacher)) {}

    Losses step(const Batch& batch, double rate) override;
    void save(TensorFile& checkpoint) const override { generator_.save(checkpoint); }
    void load(const TensorFile& checkpoint) override { generator_.load(checkpoint); }
    const Tensors& averaged() const override { return generator_.averaged(); }
    const NetworkSpec& network() const override { return generator_.network(); }

private:
    Generator generator_;
    PixelLoss loss_;
    Teacher teacher_;
};

}  // namespace sisr::training
