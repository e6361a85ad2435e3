/// Training batches without meaning.
#pragma once

#include "data/batch_loader.h"

namespace sisr::test {

inline training::Batch random_batch(int seed) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    const auto hr = torch::rand({4, 3, 32, 32});
    return {torch::avg_pool2d(hr, 4), hr};
}

}  // namespace sisr::test
