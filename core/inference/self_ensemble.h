/// Better results for eight times the work.
#pragma once

#include "model/network.h"

#include <memory>

namespace sisr {

/// The mean of a network's results on the 8 flips and quarter turns of its input, turned back (Lim
/// et al. 2017, EDSR, section 3.4).
std::unique_ptr<Network> make_self_ensemble(std::shared_ptr<const Network> network);

}  // namespace sisr
