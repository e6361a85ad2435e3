/// Files that list their own layers as ONNX does: any image-to-image network of the layers that a
/// program knows.
#pragma once

#include "architectures/architecture.h"

namespace sisr {

const Architecture& onnx_architecture();

}  // namespace sisr
