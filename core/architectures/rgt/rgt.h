/// RGT (Chen et al. 2024, "Recursive Generalization Transformer for Image Super-Resolution"):
/// pixels attend to those of rectangular windows and, in every second block, to a small map of the
/// whole.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& rgt_architecture();

}  // namespace sisr
