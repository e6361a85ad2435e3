/// Swift-SRGAN, SRResNet of depthwise separable convolutions (Krishnan and Krishnan 2021).
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& swiftsrgan_architecture();

}  // namespace sisr
