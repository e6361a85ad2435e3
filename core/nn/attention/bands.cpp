#include "nn/attention/bands.h"

#include <algorithm>

namespace sisr::nn::attention {
namespace {

constexpr std::int64_t kValues = std::int64_t{1} << 20;
constexpr std::int64_t kValuesOfDevice = std::int64_t{1} << 24;  // which keep it busy

}  // namespace

std::vector<Band> bands_of(const torch::Tensor& map, std::int64_t multiple) {
    const std::int64_t height = map.size(1);
    const std::int64_t least = map.size(0) * map.size(2) * map.size(3) * multiple;
    const std::int64_t most = map.is_cpu() ? kValues : kValuesOfDevice;
    const std::int64_t rows = std::max<std::int64_t>(1, most / least) * multiple;
    std::vector<Band> bands;
    for (std::int64_t first = 0; first < height; first += rows) {
        bands.push_back({first, std::min(rows, height - first)});
    }
    return bands;
}

}  // namespace sisr::nn::attention
