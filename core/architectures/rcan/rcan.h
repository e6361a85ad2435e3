/// RCAN, residual blocks with channel attention (Zhang et al. 2018), as its authors named the
/// layers and as BasicSR does.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& rcan_architecture();

}  // namespace sisr
