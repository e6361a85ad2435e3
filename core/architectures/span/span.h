/// SPAN, the swift parameter-free attention network (Wan et al. 2023).
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& span_architecture();

}  // namespace sisr
