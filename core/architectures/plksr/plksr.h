/// PLKSR, with large kernels on a part of the channels (Lee et al. 2024), and RealPLKSR, its form
/// with group norm that the community trains.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& plksr_architecture();
const Architecture& realplksr_architecture();

}  // namespace sisr
