#include "optimise/schedule.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {

double Schedule::rate(std::int64_t step) const {
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
    constexpr double kPi = 3.14159265358979323846;
    const auto rest = static_cast<double>(std::max<std::int64_t>(1, iterations - warmup));
    const double progress = std::min(1.0, static_cast<double>(step - warmup) / rest);
    return final + 0.5 * (peak - final) * (1 + std::cos(kPi * progress));
}

}  // namespace sisr::training
