/// EDSR (Lim et al. 2017), as its authors named the layers and as BasicSR does.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& edsr_architecture();

}  // namespace sisr
