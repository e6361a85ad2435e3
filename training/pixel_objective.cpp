#include "pixel_objective.h"

#include <algorithm>
#include <cmath>

namespace sisr::training {

bool is_finite(const Losses& losses) {
    return std::all_of(losses.begin(), losses.end(),
                       [](const auto& item) { return std::isfinite(item.second); });
}

Losses PixelObjective::step(const Batch& batch, double rate) {
    generator_.learner().begin();
    const auto loss =
        torch::l1_loss(generator_.forward(batch.lr), batch.hr.to(generator_.device()));
    loss.backward();
    const double norm = generator_.learner().gradient(loss);
    const Losses losses{{"mae", loss.item<double>()}, {"gradient", norm}};
    // The gradient is the same in every process, so all decide alike.
    if (std::isfinite(norm)) {
        generator_.update(rate);
    } else {
        generator_.learner().discard();
    }
    return losses;
}

}  // namespace sisr::training
