/// HAT (Chen et al. 2023, "Activating More Pixels in Image Super-Resolution Transformer"): SwinIR's
/// windows, beside convolutions whose channels are weighed, and windows that look beyond their
/// borders.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& hat_architecture();

}  // namespace sisr
