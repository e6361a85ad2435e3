/// DnCNN, a denoiser that subtracts the noise that it finds (Zhang et al. 2017), and FDnCNN, which
/// is told how much there is.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& dncnn_architecture();

}  // namespace sisr
