/// MoSR, the gated convolutions of MambaOut (Yu and Wang 2024) for enlarging, as umzi2 published
/// it.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& mosr_architecture();

}  // namespace sisr
