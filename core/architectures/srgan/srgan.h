/// The published layouts of SRResNet, the generator of SRGAN (Ledig et al. 2017), but our own: with
/// numbered blocks, as a trunk, and as a numbered Sequential.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& srgan_architecture();

}  // namespace sisr
