/// What the steps of a plan need besides rows: weights ready for this processor, slopes, factors.
#pragma once

#include "nn/strips/row_convolution.h"
#include "nn/strips/strip_plan.h"

#include <memory>
#include <vector>

namespace sisr::nn {

struct PreparedStep {
    std::unique_ptr<RowConvolution> convolution;
    std::int64_t reach = 0;             ///< rows that its kernel reads above
    std::vector<float> slopes;          ///< of an activation by itself
    std::vector<float> factor, offset;  ///< of an affine layer, or of a norm
    double work = 0;                    ///< multiply-adds, per pixel of the network's input
};

/// One for each of the plan's steps. Weights are copied.
std::vector<PreparedStep> prepare_steps(const Program& program, const StripPlan& plan);

}  // namespace sisr::nn
