/// A dimension as several.
#pragma once

#include <torch/torch.h>

#include <vector>

namespace sisr::nn {

/// A view whose dimension `which` is `parts`, one behind the other: what torch's unflatten() does,
/// which in libtorch 2.6 looks at numbers that nobody has set.
inline torch::Tensor split_dimension(const torch::Tensor& values, std::int64_t which,
                                     const std::vector<std::int64_t>& parts) {
    std::vector<std::int64_t> sizes;
    for (std::int64_t i = 0; i < values.dim(); ++i) {
        if (i != which) {
            sizes.push_back(values.size(i));
            continue;
        }
        for (const std::int64_t part : parts) sizes.push_back(part);
    }
    return values.view(sizes);
}

}  // namespace sisr::nn
