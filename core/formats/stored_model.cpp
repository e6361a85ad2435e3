#include "formats/stored_model.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 40;
// A view may repeat elements (an expanded constant): few files hold one, and none a large one.
constexpr std::uint64_t kMaxRepeated = 1 << 20;

/// Whether all elements of the view are in a storage of so many.
bool fits(const StoredTensor& tensor, std::uint64_t elements) {
    if (tensor.shape.size() != tensor.strides.size() || tensor.offset < 0) return false;
    const std::uint64_t most = std::max(elements, kMaxRepeated);
    std::uint64_t count = 1;
    auto last = static_cast<std::uint64_t>(tensor.offset);
    bool is_empty = false;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        if (tensor.shape[i] < 0 || tensor.shape[i] > kMaxSize || tensor.strides[i] < 0)
            return false;
        is_empty = is_empty || tensor.shape[i] == 0;
    }
    if (is_empty) return true;
    if (last >= elements) return false;
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
        const auto size = static_cast<std::uint64_t>(tensor.shape[i]);
        const auto stride = static_cast<std::uint64_t>(tensor.strides[i]);
        if (size > most / count) return false;
        count *= size;
        if (size > 1 && stride > (elements - 1 - last) / (size - 1)) return false;
        last += (size - 1) * stride;
    }
    return true;
}

}  // namespace

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
    std::vector<std::int64_t> strides(shape.size(), 1);
    std::uint64_t step = 1;  // where a size is 0, the others may be anything
    for (std::size_t i = shape.size(); i-- > 1;) {
        step *= static_cast<std::uint64_t>(shape[i]);
        strides[i - 1] = static_cast<std::int64_t>(step & (~std::uint64_t{0} >> 1));
    }
    return strides;
}

void check_views(const StoredModel& model) {
    for (const auto& [name, tensor] : model.tensors) {
        const std::size_t width = element_size(tensor.type);
        if (width == 0) continue;
        if (!fits(tensor, model.storages.at(tensor.storage).size / width)) {
            throw Error(ErrorKind::bad_model, model.subject,
                        "tensor \"" + name + "\" lies outside its data");
        }
    }
}

}  // namespace sisr
