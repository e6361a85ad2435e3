#include "data/sample.h"

namespace sisr::training {
namespace {

/// A [3,size,size] copy of part of an image, in one of the 8 flips and quarter turns.
torch::Tensor oriented(const Image& image, int left, int top, int size, int orientation) {
    auto* samples = const_cast<float*>(image.samples().data());
    auto part = torch::from_blob(samples, {image.height(), image.width(), 3})
                    .slice(0, top, top + size)
                    .slice(1, left, left + size)
                    .permute({2, 0, 1});
    if ((orientation & 1) != 0) part = part.flip({1});
    if ((orientation & 2) != 0) part = part.flip({2});
    if ((orientation & 4) != 0) part = part.transpose(1, 2);
    return part.clone(torch::MemoryFormat::Contiguous);
}

}  // namespace

Sample sample(const PatchSource& source, const Degradation& degradation, int patch,
              std::uint64_t seed, std::int64_t step, int index) {
    Rng rng = sample_rng(seed, step, index);
    const Patch place = source.patch(rng);
    const int orientation = draw_integer(rng, 0, 7);
    const auto pair = degradation.apply(place.pixels, rng, true);
    const int scale = degradation.scale();
    return {oriented(pair.reduced, place.left / scale, place.top / scale, patch, orientation),
            oriented(pair.truth, place.left, place.top, scale * patch, orientation)};
}

}  // namespace sisr::training
