/// MSRResNet, BasicSR's SRResNet without batch norm, whose input is added, enlarged bilinearly.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& msrresnet_architecture();

}  // namespace sisr
