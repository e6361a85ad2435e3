/// A dimension as several.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace sisr::nn {

/// A view whose dimension `which` is `parts`, one behind the other: what torch's unflatten() does,
/// which in libtorch 2.6 looks at numbers that nobody has set.
inline torch::Tensor split_dimension(const torch::Tensor& values, std::int64_t which,
                                     const std::vector<std::int64_t>& parts) {
    std::vector<std::int64_t> sizes = values.sizes().vec();
    const auto place = sizes.erase(sizes.begin() + which);
    sizes.insert(place, parts.begin(), parts.end());
    return values.view(sizes);
}

}  // namespace sisr::nn
