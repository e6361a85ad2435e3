/// Randomness that needs no state.
#pragma once

#include <cstdint>
#include <random>

namespace sisr::training {

using Rng = std::mt19937_64;

/// The generator of one training sample: a pure function of the three numbers, so that an exact
/// resume needs no generator state and a bad sample can be made again.
inline Rng sample_rng(std::uint64_t seed, std::int64_t step, int index) {
    const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
    const auto position = static_cast<std::uint64_t>(step);
    std::seed_seq sequence{low(seed), low(seed >> 32), low(position), low(position >> 32),
                           low(static_cast<std::uint64_t>(index))};
    return Rng(sequence);
}

/// Uniform in [low, high].
inline double draw(Rng& rng, double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(rng);
}

/// Uniform in [low, high], both included.
inline int draw_integer(Rng& rng, int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(rng);
}

}  // namespace sisr::training
