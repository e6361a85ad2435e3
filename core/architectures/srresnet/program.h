/// Our own SRResNet (settings.h) as a program.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& srresnet_program();

}  // namespace sisr
