/// What a file that no architecture knows may be.
#pragma once

#include "formats/shapes.h"

#include <string>

namespace sisr {

/// "; nearest is HAT, which this version does not run (92 % of its names)": the published
/// architecture whose training code names most of the tensors so. Empty where none names a third.
std::string nearest_architecture(const Shapes& shapes);

/// A tensor's name as that of a layer: without "weight", "bias" and the like at its end, each
/// number an N.
std::string layer_pattern(const std::string& name);

}  // namespace sisr
