/// A model file whose header is read: which tensors it holds and how their bytes are had. What all
/// readers of files make, torch-free.
#pragma once

#include "formats/shapes.h"
#include "formats/tensor_type.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sisr {

/// Bytes of a file that one tensor is, or several are views of. Little-endian.
struct StoredBytes {
    std::size_t size = 0;
    /// Reads them all. Throws Error{io, bad_model}.
    std::function<void(char* target)> read{};
};

/// A view of a storage that lies inside it: check_views() has seen to that.
struct StoredTensor {
    TensorType type = TensorType::f32;
    std::vector<std::int64_t> shape{};
    std::vector<std::int64_t> strides{};  ///< in elements, as is the offset
    std::int64_t offset = 0;
    std::size_t storage = 0;  ///< index in StoredModel::storages
};

struct StoredModel {
    std::string subject;  ///< the file, as errors name it
    std::map<std::string, StoredTensor> tensors;
    std::vector<StoredBytes> storages;
    Metadata metadata;
};

/// Strides of a tensor without gaps.
std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape);

/// Throws Error{bad_model} about the file for a tensor that reaches out of its storage or has more
/// elements than can be counted, and for tensors that together are far more than their storages.
void check_views(const StoredModel& model);

}  // namespace sisr
