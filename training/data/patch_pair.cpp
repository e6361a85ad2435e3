#include "data/patch_pair.h"

#include "record/contact_sheet.h"

namespace sisr::training {

Degradation::Pair draw_pair(const PatchSource& source, const Degradation& degradation, int size,
                            Rng& rng) {
    const Patch patch = source.patch(rng);
    const auto [reduced, truth] = degradation.apply(patch.pixels, rng, true);
    const int scale = degradation.scale();
    const int side = size * scale;
    return {crop(reduced, patch.left / scale, patch.top / scale, {size, size}),
            crop(truth, patch.left, patch.top, {side, side})};
}

PatchSourceOptions pair_source_options(const Degradation& degradation, int size) {
    PatchSourceOptions options;
    options.grid = degradation.scale();
    options.patch = size * degradation.scale();
    options.margin = degradation.reach();
    return options;
}

}  // namespace sisr::training
