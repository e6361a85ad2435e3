/// DRCT (Hsu et al. 2024, "DRCT: Saving Image Super-Resolution away from Information Bottleneck"):
/// groups of five of SwinIR's blocks, each of which sees what all before it made.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& drct_architecture();

}  // namespace sisr
