/// The compact SRResNet as it runs fastest on a CPU.
#pragma once

#include "architectures/srresnet/settings.h"

namespace sisr {

/// Whether fused_srresnet knows this form: ReLU, one PixelShuffle, nearest-neighbour input skip.
bool can_fuse(const SrResNetSettings& settings);

/// Computes what SrResNet does, with activations and additions inside the convolutions and three
/// feature maps in all. The tensors are float32, batch norm is folded.
std::unique_ptr<Network> make_fused_srresnet(const SrResNetSettings& settings,
                                             const Tensors& tensors, torch::ScalarType precision);

}  // namespace sisr
