/// DAT (Chen et al. 2023, "Dual Aggregation Transformer for Image Super-Resolution"): pixels of
/// rectangular windows and, in every second block, channels attend to each other.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& dat_architecture();

}  // namespace sisr
