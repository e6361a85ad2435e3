/// SRFormer (Zhou et al. 2023, "SRFormer: Permuted Self-Attention for Single Image
/// Super-Resolution"): SwinIR with large windows, of whose keys and values four pixels make one.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& srformer_architecture();

}  // namespace sisr
