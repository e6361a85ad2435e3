/// Fits the layer by which a model chooses between its weights (InputJudge).
#pragma once

#include "data/patch_source.h"
#include "degradation/degradation.h"

#include "engine/input_judge.h"
#include "model/model_impl.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace sisr::training {

/// The kinds of input that a model has weights for, in the order of the layer's rows.
std::vector<InputKind> kinds_of(const Model& model);

/// As users read it: clean, damaged, heavily damaged.
const char* name_of(InputKind kind);

/// A picture as the judge sees it, and what each kind's weights made of it.
struct JudgedPicture {
    torch::Tensor description;            ///< [F]
    std::array<double, kJudgeRows> loss;  ///< dB of PSNR below the best of them; 0 without weights
};

/// Makes such pictures from photographs, by stage 1 of a model that has two: it is what knows the
/// damage, and PSNR is what it was trained for.
class JudgeSampler {
public:
    /// size: of the degraded picture, in pixels each way. Throws as Upscaler.
    JudgeSampler(const Model& model, const Degradation& degradation, int size);

    /// None for a patch without texture. The same for the same state of `rng`.
    std::optional<JudgedPicture> sample(const PatchSource& source, Rng rng) const;

private:
    Degradation degradation_;
    int size_;
    std::vector<InputKind> kinds_;
    InputJudge judge_;
    std::vector<Upscaler> upscalers_;  ///< of each kind
};

/// Model::Impl::judge with the least mean of the loss that its choice brings: softmax of the scores
/// times the losses, plus `decay` times the squared weights (of descriptions of deviation 1).
/// Throws Error{usage} when there are too few pictures to tell a mean from a deviation.
Tensors fit_judge(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds,
                  double decay);

/// What the choice of the layer costs in dB, mean over the pictures.
double mean_loss(const std::vector<JudgedPicture>& pictures, const std::vector<InputKind>& kinds,
                 const Tensors& judge);

}  // namespace sisr::training
