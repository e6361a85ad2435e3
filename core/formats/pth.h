/// PyTorch's .pth files, read without Python and without running anything that they hold.
#pragma once

#include "formats/tensors.h"

#include <filesystem>

namespace sisr {

/// The tensors of a state_dict, in the zip form (PyTorch 1.6 and later) or the one before it, by
/// canonical names, as read_tensors() gives them. Throws Error{not_found, io, bad_model,
/// out_of_memory}.
TensorFile read_pth(const std::filesystem::path& file);

}  // namespace sisr
