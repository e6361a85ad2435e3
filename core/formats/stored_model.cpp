#include "formats/stored_model.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr std::int64_t kMaxSize = std::int64_t{1} << 40;
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 62;
// A view may repeat elements (an expanded constant): few files hold one, and none a large one.
constexpr std::uint64_t kMaxRepeated = 1 << 20;
// Views may share their storage (tied weights), but a few bytes must not become gigabytes: all
// tensors together are so many times the data, or so many bytes more.
constexpr std::uint64_t kMostUses = 4;
constexpr std::uint64_t kMaxRepeatedBytes = 64 << 20;

/// Whether whoever multiplies the sizes, in any order, stays within 64 bits.
bool can_be_counted(const std::vector<std::int64_t>& shape) {
    std::uint64_t count = 1;
    for (const std::int64_t size : shape) {
        const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
        if (size < 0 || factor > kMaxElements / count) return false;
        count *= factor;
    }
    return true;
}

/// Of a shape that fits its data.
std::uint64_t count_elements(const std::vector<std::int64_t>& shape) {
    std::uint64_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::uint64_t>(size);
    return count;
}

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
    const auto fail = [&model](const std::string& reason) {
        throw Error(ErrorKind::bad_model, model.subject, reason);
    };
    std::uint64_t most = kMaxRepeatedBytes;
    for (const StoredBytes& storage : model.storages) most += kMostUses * storage.size;
    std::uint64_t bytes = 0;
    for (const auto& [name, tensor] : model.tensors) {
        if (!can_be_counted(tensor.shape)) fail("tensor \"" + name + "\" has an impossible size");
        const std::size_t width = element_size(tensor.type);
        if (width == 0) continue;
        if (!fits(tensor, model.storages.at(tensor.storage).size / width)) {
            fail("tensor \"" + name + "\" lies outside its data");
        }
        bytes += count_elements(tensor.shape) * width;
        if (bytes > most) fail("its tensors would take far more than its data");
    }
}

}  // namespace sisr
