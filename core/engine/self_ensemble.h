/// Better results for eight times the work.
#pragma once

#include "nn/network.h"

#include <memory>

namespace sisr {

/// The flips and quarter turns of an image.
constexpr int kOrientations = 8;

/// An image [N,C,h,w] in one of its orientations, 0 (as it is) to 7; [N,C,w,h] from 4 on.
torch::Tensor orient(torch::Tensor image, int orientation);

/// Undoes orient, also of the enlarged image.
torch::Tensor orient_back(torch::Tensor image, int orientation);

/// What a network makes of its input [N,C,h,w] in an orientation, turned back: [N,C,sh,sw].
torch::Tensor forward_oriented(
    const Network& network, const torch::Tensor& input, int orientation,
    const Network::OnShare& on_share = [](double) {});

/// The mean of a network's results on the 8 flips and quarter turns of its input, turned back (Lim
/// et al. 2017, EDSR, section 3.4).
std::unique_ptr<Network> make_self_ensemble(std::shared_ptr<const Network> network);

}  // namespace sisr
