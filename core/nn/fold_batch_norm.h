/// Batch norm as a part of the convolution before it.
#pragma once

#include "formats/tensors.h"

#include <string>

namespace sisr {

/// Replaces `norm`.{weight,bias,running_mean,running_var} and `convolution`.{weight,bias?} by one
/// convolution that computes the same in evaluation mode: w' = w g/sqrt(v+eps),
/// b' = (b-m) g/sqrt(v+eps) + beta. Throws Error{bad_model} when a tensor is missing.
void fold_batch_norm(Tensors& tensors, const std::string& convolution, const std::string& norm);

/// libtorch's default, with which the networks are trained.
constexpr double kBatchNormEpsilon = 1e-5;

}  // namespace sisr
