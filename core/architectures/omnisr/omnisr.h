/// OmniSR (Wang et al. 2023, "Omni Aggregation Networks for Lightweight Image Super-Resolution"):
/// blocks that attend in windows and over a grid of the whole picture, between pixels and between
/// channels.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& omnisr_architecture();

}  // namespace sisr
