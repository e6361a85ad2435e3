#include "formats/pth.h"

#include "formats/pickle.h"
#include "formats/torch_errors.h"

#include <caffe2/serialize/inline_container.h>

#include <cstring>
#include <fstream>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

torch::ScalarType scalar_type(const std::string& storage, const std::string& subject) {
    static const std::map<std::string, torch::ScalarType> kTypes{
        {"FloatStorage", torch::kFloat32},     {"HalfStorage", torch::kFloat16},
        {"BFloat16Storage", torch::kBFloat16}, {"DoubleStorage", torch::kFloat64},
        {"LongStorage", torch::kInt64},        {"IntStorage", torch::kInt32},
        {"ByteStorage", torch::kUInt8}};
    const auto found = kTypes.find(storage);
    if (found == kTypes.end()) {
        throw Error(ErrorKind::bad_model, subject, "holds tensors of the kind " + storage);
    }
    return found->second;
}

/// A storage's bytes in memory.
struct Bytes {
    const char* data = nullptr;
    std::size_t size = 0;
};

/// Copies the view that `entry` describes, after checking that it lies inside the storage.
torch::Tensor make_tensor(const PickledTensor& entry, const Bytes& storage,
                          const std::string& subject) {
    const auto type = scalar_type(entry.storage_type, subject);
    const auto elements = static_cast<std::int64_t>(storage.size / c10::elementSize(type));
    bool fits = entry.shape.size() == entry.strides.size() && entry.offset >= 0;
    std::int64_t last = entry.offset;
    bool is_empty = false;
    for (std::size_t i = 0; fits && i < entry.shape.size(); ++i) {
        const std::int64_t size = entry.shape[i];
        const std::int64_t stride = entry.strides[i];
        fits = size >= 0 && stride >= 0 && size < kMaxElements && stride < kMaxElements &&
               (size == 0 || stride == 0 || size - 1 <= (kMaxElements - last) / stride);
        is_empty = is_empty || size == 0;
        if (fits && size > 0) last += (size - 1) * stride;
    }
    if (!fits || (!is_empty && last >= elements)) {
        throw Error(ErrorKind::bad_model, subject, "holds a tensor that its data does not cover");
    }
    auto tensor = torch::empty(entry.shape, type);
    if (is_empty) return tensor;
    // The storage need not be aligned in the file.
    auto flat = torch::empty({elements}, type);
    std::memcpy(flat.data_ptr(), storage.data, flat.nbytes());
    return tensor.copy_(flat.as_strided(entry.shape, entry.strides, entry.offset));
}

TensorFile read_zip(const fs::path& file) {
    const std::string subject = file.string();
    caffe2::serialize::PyTorchStreamReader reader(subject);
    const auto record = [&reader](const std::string& name) {
        auto [data, size] = reader.getRecord(name);
        return std::string(static_cast<const char*>(data.get()), size);
    };
    if (reader.hasRecord("byteorder") && record("byteorder") != "little") {
        throw Error(ErrorKind::bad_model, subject, "was written on a big-endian machine");
    }
    const StateDict dict = unpickle_state_dict(record("data.pkl"), 0, subject);
    TensorFile content;
    for (const auto& [name, entry] : dict.tensors) {
        const std::string bytes = record("data/" + entry.storage_key);
        content.tensors[name] = make_tensor(entry, {bytes.data(), bytes.size()}, subject);
    }
    return content;
}

/// Three pickles that tell of the writer, the dictionary, the keys of its storages, and these one
/// after the other, each behind its count of elements.
TensorFile read_legacy(const std::string& bytes, const std::string& subject) {
    std::size_t position = 0;
    for (int i = 0; i < 3; ++i) skip_pickle(bytes, position, subject);
    const StateDict dict = unpickle_state_dict(bytes, position, subject);
    position += dict.bytes;
    std::map<std::string, Bytes> storages;
    for (const std::string& key : unpickle_texts(bytes, position, subject)) {
        std::uint64_t count = 0;
        const bool has_count = bytes.size() - position >= sizeof count;
        if (has_count) std::memcpy(&count, bytes.data() + position, sizeof count);
        position += has_count ? sizeof count : 0;
        const auto found = dict.storage_types.find(key);
        const std::size_t width = found == dict.storage_types.end()
                                      ? 1
                                      : c10::elementSize(scalar_type(found->second, subject));
        if (!has_count || count > (bytes.size() - position) / width) {
            throw Error(ErrorKind::bad_model, subject, "is truncated");
        }
        storages[key] = {bytes.data() + position, static_cast<std::size_t>(count) * width};
        position += storages[key].size;
    }
    TensorFile content;
    for (const auto& [name, entry] : dict.tensors) {
        content.tensors[name] = make_tensor(entry, storages[entry.storage_key], subject);
    }
    return content;
}

}  // namespace

TensorFile read_pth(const fs::path& file) {
    const std::string subject = file.string();
    std::ifstream stream(file, std::ios::binary);
    if (!stream || !fs::is_regular_file(file)) {
        const bool exists = fs::exists(file);
        throw Error(exists ? ErrorKind::io : ErrorKind::not_found, subject,
                    exists ? "cannot be opened" : "no such file");
    }
    std::string start(2, '\0');
    stream.read(start.data(), 2);
    return translate_torch_errors(ErrorKind::bad_model, subject, [&] {
        if (start == "PK") return read_zip(file);
        if (start != "\x80\x02") {
            throw Error(ErrorKind::bad_model, subject, "is no model file of PyTorch");
        }
        stream.seekg(0);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        return read_legacy(bytes, subject);
    });
}

}  // namespace sisr
