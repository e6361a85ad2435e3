/// Real-ESRGAN's compact network, SRVGGNetCompact (Wang et al. 2021): convolutions of 3x3 one after
/// the other, one PixelShuffle, and the input enlarged by nearest neighbour added.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& compact_architecture();

}  // namespace sisr
