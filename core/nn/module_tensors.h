/// A module's parameters and buffers as named tensors.
#pragma once

#include "formats/tensors.h"

namespace sisr {

/// Copies tensors into the module's parameters and buffers of the same names, converting types.
/// Throws Error{bad_model} for one that is missing, left over, of another shape or not finite.
void load_tensors(torch::nn::Module& module, const Tensors& tensors);

/// All parameters and buffers by name.
Tensors module_tensors(const torch::nn::Module& module);

}  // namespace sisr
