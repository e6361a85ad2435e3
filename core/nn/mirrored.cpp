#include "nn/mirrored.h"

#include <algorithm>

namespace sisr::nn {

torch::Tensor mirrored(const torch::Tensor& x, std::int64_t axis, std::int64_t before,
                       std::int64_t after, Border border) {
    if (before == 0 && after == 0) return x;
    const std::int64_t size = x.size(axis);
    // There and back again.
    const std::int64_t shared = border == Border::twice ? 1 : 0;
    const std::int64_t last = 2 * size - 2 + shared;
    const std::int64_t period = std::max<std::int64_t>(1, last + shared);
    const auto place = torch::arange(-before, size + after).remainder(period);
    return x.index_select(axis, torch::minimum(place, last - place).to(x.device()));
}

}  // namespace sisr::nn
