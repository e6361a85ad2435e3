/// Networks that come as ncnn's list of layers: whatever they are called, the list says what they
/// do.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

/// For files whose metadata hold "ncnn.param" (formats/open_model.h). Layers that say what our
/// programs cannot are refused by their types and names.
const Architecture& ncnn_architecture();

}  // namespace sisr
