/// ESRGAN's RRDBNet (Wang et al. 2018), with Real-ESRGAN's PixelUnshuffle (Wang et al. 2021) and
/// ESRGAN+'s 1x1 paths (Rakotonirina and Rasoanaivo 2020).
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& esrgan_architecture();

}  // namespace sisr
