/// ATD (Zhang et al. 2024, "Transcending the Limit of Local Window: Advanced Super-Resolution
/// Transformer with Adaptive Token Dictionary").
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& atd_architecture();

}  // namespace sisr
