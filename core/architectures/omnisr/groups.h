/// OmniSR's attention: pixels of a window, of a grid over the whole picture, or of a phase, and
/// their channels. Maps are [N,h,w,C], whose sides are multiples of the window's.
#pragma once

#include "nn/program.h"

namespace sisr {

/// Which pixels are a group.
enum class Grouping {
    windows,  ///< those of a window
    grid,     ///< window^2 of them, evenly over the whole picture
    phases    ///< all that lie at the same place of their window
};

struct GroupedAttention {
    Grouping grouping = Grouping::windows;
    int window = 8;
    int heads = 4;
};

/// map + attention between the pixels of each group of norm(map). Weights: norm, to_qkv, to_out,
/// and "bias" as of nn::attention::relative_bias() where there is one.
torch::Tensor attend_between_pixels(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                    const GroupedAttention& attention);

/// Attention between the channels of each head, by how alike they are over the pixels of a group.
/// map: queries, keys and values behind one another. Weights: temperature [heads,1,1].
torch::Tensor attend_between_channels(const torch::Tensor& map, const nn::Custom::Weights& weights,
                                      const GroupedAttention& attention);

}  // namespace sisr
