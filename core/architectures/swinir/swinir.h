/// SwinIR (Liang et al. 2021, "SwinIR: Image Restoration Using Swin Transformer"): windows of
/// pixels that attend to each other, in groups that a convolution ends.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& swinir_architecture();

}  // namespace sisr
