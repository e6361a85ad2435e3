/// Learning rate over the steps of a run.
#pragma once

#include <cstdint>

namespace sisr::training {

/// Linear warm-up, then a cosine from `peak` to `final` (Loshchilov and Hutter 2017, one cycle).
struct Schedule {
    double peak = 8e-4;
    double final = 1e-6;
    std::int64_t warmup = 500;
    std::int64_t iterations = 0;

    /// The rate of the step with this number, counted from 0.
    double rate(std::int64_t step) const;
};

}  // namespace sisr::training
