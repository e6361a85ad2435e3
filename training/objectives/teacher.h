/// A finished model whose results are targets (Hinton et al. 2015, "Distilling the Knowledge").
#pragma once

#include "nn/network.h"

#include <memory>

namespace sisr::training {

/// Photographs hold what no input tells, which is most of a step's gradient and teaches nothing. A
/// teacher's results do not. They are better than those of a student like it when they are the
/// mean over the input's orientations; a step sees one of them, the steps together their mean.
struct Teacher {
    std::shared_ptr<const Network> network;  ///< of the student's scale; null: none
    double share = 0;                        ///< of its results in the target, 0 to 1

    /// The truth [N,C,sh,sw], moved by `share` towards what the network makes of lr [N,C,h,w] in
    /// an orientation (see orient), turned back; the truth itself without a network.
    torch::Tensor target(const torch::Tensor& lr, const torch::Tensor& truth,
                         int orientation) const;
};

}  // namespace sisr::training
