/// Swin2SR (Conde et al. 2022, "Swin2SR: SwinV2 Transformer for Compressed Image Super-Resolution
/// and Restoration"): SwinIR with the blocks of Swin Transformer V2.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& swin2sr_architecture();

}  // namespace sisr
