/// Named tensors, as a model file or a checkpoint holds them.
#pragma once

#include <torch/torch.h>

#include <map>
#include <string>

namespace sisr {

using Tensors = std::map<std::string, torch::Tensor>;
using Metadata = std::map<std::string, std::string>;

struct TensorFile {
    Tensors tensors;
    Metadata metadata;
};

/// The value of `key`, or `fallback` when it is absent.
inline std::string metadata_value(const Metadata& metadata, const std::string& key,
                                  const std::string& fallback = "") {
    const auto found = metadata.find(key);
    return found == metadata.end() ? fallback : found->second;
}

}  // namespace sisr
