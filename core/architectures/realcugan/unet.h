/// The two U-Nets of Real-CUGAN. Its convolutions do not pad: what is computed here beyond a map's
/// valid part is of no account, and is cut off where it would be.
#pragma once

#include "nn/program.h"

#include <cstdint>

namespace sisr {

/// Convolutions by the names that the file has within a U-Net; transposed ones as of
/// enlarging_convolution().
using UNetWeights = nn::Custom::Weights;

/// What a U-Net's first convolutions see.
struct UNetInput {
    int margin = 18;    ///< of reflected pixels round the picture
    int multiple = 2;   ///< which the picture's sides are made first, at the right and lower border
    int unshuffle = 1;  ///< of picture and margin
};

/// weight [I,O,k,k] of a transposed convolution of this stride as that of a convolution which makes
/// the stride^2 pixels of each, one's channels behind the other's: [stride^2 O, I, 1, 1] of k 2,
/// stride 2 and no padding; [.., 3, 3] of k 4 or 5, whose middle is taken for the result's.
torch::Tensor enlarging_convolution(const torch::Tensor& weight, std::int64_t stride);

/// A picture [N,C,h,w], surrounded by its reflection, as features enlarged by `factor`: for each of
/// its borders there are 16 too many, and kSpoiltMargin beyond.
torch::Tensor run_shallow_unet(const torch::Tensor& picture, const UNetWeights& weights,
                               const UNetInput& input, int factor);

constexpr std::int64_t kSpoiltMargin = 4;

/// The features of the first one plus what the second makes of them, without what is spoilt and 20
/// at each border.
torch::Tensor run_deep_unet(const torch::Tensor& features, const UNetWeights& weights);

}  // namespace sisr
