/// One training pair as images.
#pragma once

#include "data/patch_source.h"
#include "degradation/degradation.h"

namespace sisr::training {

/// A degraded patch of `size` pixels each way, and its truth, without the margins. The source gives
/// patches of scale*size pixels on a grid of the degradation's scale.
Degradation::Pair draw_pair(const PatchSource& source, const Degradation& degradation, int size,
                            Rng& rng);

/// What a PatchSource needs to know for such pairs.
PatchSourceOptions pair_source_options(const Degradation& degradation, int size);

}  // namespace sisr::training
