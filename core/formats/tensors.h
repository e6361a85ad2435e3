/// Named tensors, as a model file or a checkpoint holds them.
#pragma once

#include "formats/shapes.h"

#include <torch/torch.h>

#include <map>
#include <string>

namespace sisr {

using Tensors = std::map<std::string, torch::Tensor>;

struct TensorFile {
    Tensors tensors;
    Metadata metadata;
};

}  // namespace sisr
