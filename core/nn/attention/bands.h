/// Bands of a map: what is made on the way to a band's result stays near the processor, and what is
/// held beside the map does not grow with its height.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace sisr::nn::attention {

struct Band {
    std::int64_t first = 0;  ///< row
    std::int64_t rows = 0;
};

/// Of [N,h,w,C], from top to bottom, each a multiple of `multiple` rows, as h must be.
std::vector<Band> bands_of(const torch::Tensor& map, std::int64_t multiple);

inline torch::Tensor rows_of(const torch::Tensor& map, Band band) {
    return map.narrow(1, band.first, band.rows);
}

}  // namespace sisr::nn::attention
