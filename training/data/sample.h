/// One training sample, the same whoever asks for it: the loader, the commands, the audit.
#pragma once

#include "data/patch_source.h"
#include "degradation/degradation.h"

#include <torch/torch.h>

#include <cstdint>

namespace sisr::training {

/// Pixels of the same place: lr [3,p,p], hr [3,scale*p,scale*p], float32, display-encoded [0,1].
struct Sample {
    torch::Tensor lr;
    torch::Tensor hr;
};

/// Sample `index` of a step: a pure function of the source's files and options, the degradation,
/// the patch's size (low-resolution pixels) and the three numbers, so that a bad one can be made
/// again and looked at. The source gives patches of scale*patch pixels on a grid of the
/// degradation's scale.
Sample sample(const PatchSource& source, const Degradation& degradation, int patch,
              std::uint64_t seed, std::int64_t step, int index);

}  // namespace sisr::training
