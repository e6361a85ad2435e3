#include "formats/safetensors.h"

#include "base/atomic_file.h"
#include "formats/safetensors_header.h"

#include <sisr/error.h>

#include <fstream>

namespace sisr {
namespace {

namespace fs = std::filesystem;

torch::ScalarType scalar_type(TensorType type) {
    switch (type) {
        case TensorType::f32: return torch::kFloat32;
        case TensorType::f16: return torch::kFloat16;
        case TensorType::bf16: return torch::kBFloat16;
        case TensorType::f64: return torch::kFloat64;
        case TensorType::i64: return torch::kInt64;
        case TensorType::i32: return torch::kInt32;
        case TensorType::u8: return torch::kUInt8;
    }
    throw Error(ErrorKind::internal, "safetensors", "unknown tensor type");
}

TensorType tensor_type(torch::ScalarType type, const std::string& name) {
    switch (type) {
        case torch::kFloat32: return TensorType::f32;
        case torch::kFloat16: return TensorType::f16;
        case torch::kBFloat16: return TensorType::bf16;
        case torch::kFloat64: return TensorType::f64;
        case torch::kInt64: return TensorType::i64;
        case torch::kInt32: return TensorType::i32;
        case torch::kUInt8: return TensorType::u8;
        default: throw Error(ErrorKind::unsupported, name, "tensor type cannot be saved");
    }
}

/// An open file with its header read.
class SafetensorsReader {
public:
    explicit SafetensorsReader(const fs::path& file) : subject_(file.string()) {
        std::error_code status;
        if (fs::is_directory(file, status)) {
            throw Error(ErrorKind::bad_model, subject_, "is a folder, not a model file");
        }
        stream_.open(file, std::ios::binary);
        if (!stream_) {
            const bool exists = fs::exists(file, status);
            throw Error(exists ? ErrorKind::io : ErrorKind::not_found, subject_,
                        exists ? "cannot be opened" : "no such file");
        }
        const auto file_bytes = static_cast<std::size_t>(fs::file_size(file));
        unsigned char prefix[kSafetensorsPrefixBytes] = {};
        stream_.read(reinterpret_cast<char*>(prefix), sizeof prefix);
        std::string json(safetensors_header_bytes(prefix, stream_ ? file_bytes : 0, subject_),
                         '\0');
        read(json.data(), json.size());
        header_ = parse_safetensors_header(json, file_bytes, subject_);
    }

    const SafetensorsHeader& header() const { return header_; }

    torch::Tensor tensor(const TensorEntry& entry) {
        auto tensor = torch::empty(entry.shape, scalar_type(entry.type));
        stream_.seekg(static_cast<std::streamoff>(entry.offset));
        read(static_cast<char*>(tensor.data_ptr()), entry.bytes);
        return tensor;
    }

private:
    void read(char* target, std::size_t bytes) {
        if (!stream_.read(target, static_cast<std::streamsize>(bytes))) {
            throw Error(ErrorKind::io, subject_, "cannot be read to its end");
        }
    }

    std::string subject_;
    std::ifstream stream_;
    SafetensorsHeader header_;
};

}  // namespace

TensorFile read_safetensors(const fs::path& file) {
    SafetensorsReader reader(file);
    TensorFile content;
    content.metadata = reader.header().metadata;
    for (const TensorEntry& entry : reader.header().tensors) {
        content.tensors[entry.name] = reader.tensor(entry);
    }
    return content;
}

Metadata read_safetensors_metadata(const fs::path& file) {
    return SafetensorsReader(file).header().metadata;
}

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
