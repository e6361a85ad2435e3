/// Tells how much compression or noise has damaged a picture.
#pragma once

#include "inference/tile_runner.h"

#include <optional>

namespace sisr {

/// A network that was trained to restore what it enlarges tells by what it changes of the input how
/// much of that it takes for damage. So nothing has to be trained for this.
class DamageMeter {
public:
    /// Measures with the model's weights of stage 1, where it has two.
    DamageMeter(const Model& model, const ExecutionPlan& plan);

    /// Mean of |reduced result - input| over the input's standard deviation in 7x7 pixels plus 2,
    /// on BT.601 luma of 0 to 255, of pixels that deviate by more than 4: flat ones tell nothing.
    /// Looks at the 64x64 squares with the most of these, which make an eighth of the picture, but
    /// at one at least and 16 at most. 0 is a picture that the network leaves as it is; none is
    /// for a picture without such pixels. Throws as TileRunner::compute.
    std::optional<double> measure(const Image& picture) const;

private:
    TileRunner restorer_;
};

}  // namespace sisr
