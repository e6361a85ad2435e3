/// SAFMN (Sun et al. 2023, "Spatially-Adaptive Feature Modulation for Efficient Image
/// Super-Resolution"): features weighed by themselves as seen at several scales.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& safmn_architecture();

}  // namespace sisr
