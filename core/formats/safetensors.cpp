#include "formats/safetensors.h"

#include "base/atomic_file.h"
#include "formats/checkpoint_names.h"
#include "formats/model_file.h"
#include "formats/open_model.h"
#include "formats/safetensors_header.h"
#include "formats/torch_errors.h"

#include <sisr/error.h>

#include <fstream>

namespace sisr {
namespace {

namespace fs = std::filesystem;

TensorType tensor_type(torch::ScalarType type, const std::string& name) {
    switch (type) {
        case torch::kFloat32: return TensorType::f32;
        case torch::kFloat16: return TensorType::f16;
        case torch::kBFloat16: return TensorType::bf16;
        case torch::kFloat64: return TensorType::f64;
        case torch::kInt64: return TensorType::i64;
        case torch::kInt32: return TensorType::i32;
        case torch::kInt16: return TensorType::i16;
        case torch::kInt8: return TensorType::i8;
        case torch::kUInt8: return TensorType::u8;
        case torch::kBool: return TensorType::boolean;
        case torch::kComplexFloat: return TensorType::complex64;
        default: throw Error(ErrorKind::unsupported, name, "tensor type cannot be saved");
    }
}

}  // namespace

TensorFile read_safetensors(const fs::path& file) {
    return translate_torch_errors(ErrorKind::bad_model, file.string(),
                                  [&file] { return read_tensors(open_safetensors(file)); });
}

TensorFile read_own_model(const fs::path& file) {
    return translate_torch_errors(ErrorKind::bad_model, file.string(), [&file] {
        StoredModel model = open_safetensors(file);
        keep_averaged(model.tensors, model.metadata);
        return read_tensors(model);
    });
}

Metadata read_safetensors_metadata(const fs::path& file) { return open_safetensors(file).metadata; }

void write_safetensors(const fs::path& file, const TensorFile& content) {
    SafetensorsHeader header;
    header.metadata = content.metadata;
    std::vector<torch::Tensor> data;
    for (const auto& [name, tensor] : content.tensors) {
        data.push_back(tensor.detach().cpu().contiguous());
        TensorEntry entry;
        entry.name = name;
        entry.type = tensor_type(tensor.scalar_type(), name);
        entry.shape = tensor.sizes().vec();
        entry.bytes = data.back().nbytes();
        header.tensors.push_back(std::move(entry));
    }
    AtomicFile target(file);
    std::ofstream stream(target.temporary_path(), std::ios::binary);
    const std::string head = format_safetensors_header(header);
    stream.write(head.data(), static_cast<std::streamsize>(head.size()));
    for (const torch::Tensor& tensor : data) {
        stream.write(static_cast<const char*>(tensor.data_ptr()),
                     static_cast<std::streamsize>(tensor.nbytes()));
    }
    stream.close();
    if (!stream) throw Error(ErrorKind::io, file.string(), "cannot be written (is the disk full?)");
    target.commit();
}

}  // namespace sisr
