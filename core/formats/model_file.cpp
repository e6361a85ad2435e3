#include "formats/model_file.h"

#include "formats/open_model.h"
#include "formats/torch_errors.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace sisr {
namespace {

/// The type in memory of the same bytes.
torch::ScalarType scalar_type(TensorType type) {
    switch (type) {
        case TensorType::f32: return torch::kFloat32;
        case TensorType::f16: return torch::kFloat16;
        case TensorType::bf16: return torch::kBFloat16;
        case TensorType::f64: return torch::kFloat64;
        case TensorType::i64:
        case TensorType::u64: return torch::kInt64;
        case TensorType::i32:
        case TensorType::u32: return torch::kInt32;
        case TensorType::i16:
        case TensorType::u16: return torch::kInt16;
        case TensorType::i8: return torch::kInt8;
        case TensorType::f8_e4m3:
        case TensorType::f8_e5m2:
        case TensorType::boolean:
        case TensorType::u8: return torch::kUInt8;
        case TensorType::complex64: return torch::kComplexFloat;
        case TensorType::other: break;
    }
    throw Error(ErrorKind::internal, "model", "a tensor of no type");
}

/// All 256 numbers of 8 bits with so many of them in the mantissa. Without infinities (E4M3) the
/// largest exponent is one as others, and only the last mantissa is no number.
torch::Tensor float8_values(int mantissa_bits, bool has_infinities) {
    const int exponent_bits = 7 - mantissa_bits;
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int last_exponent = (1 << exponent_bits) - 1;
    auto values = torch::empty({256}, torch::kFloat32);
    auto* value = values.data_ptr<float>();
    for (int bits = 0; bits < 256; ++bits) {
        const int mantissa = bits & ((1 << mantissa_bits) - 1);
        const int exponent = (bits & 0x7F) >> mantissa_bits;
        const int whole = exponent == 0 ? mantissa : mantissa | 1 << mantissa_bits;
        float size =
            std::ldexp(static_cast<float>(whole), std::max(exponent, 1) - bias - mantissa_bits);
        if (has_infinities && exponent == last_exponent) {
            size = mantissa == 0 ? std::numeric_limits<float>::infinity()
                                 : std::numeric_limits<float>::quiet_NaN();
        } else if (!has_infinities && (bits & 0x7F) == 0x7F) {
            size = std::numeric_limits<float>::quiet_NaN();
        }
        value[bits] = (bits & 0x80) != 0 ? -size : size;
    }
    return values;
}

torch::Tensor of_float8(const torch::Tensor& bits, const torch::Tensor& values) {
    return values.index_select(0, bits.reshape({-1}).to(torch::kInt32)).reshape(bits.sizes());
}

/// In a type that libtorch has; `tensor` is as scalar_type() says.
torch::Tensor widened(torch::Tensor tensor, TensorType type) {
    switch (type) {
        case TensorType::f8_e4m3: return of_float8(tensor, float8_values(3, false));
        case TensorType::f8_e5m2: return of_float8(tensor, float8_values(2, true));
        case TensorType::u16: return tensor.to(torch::kInt32).bitwise_and(0xFFFF);
        case TensorType::u32: return tensor.to(torch::kInt64).bitwise_and(std::int64_t{0xFFFFFFFF});
        case TensorType::boolean: return tensor.ne(0);
        default: return tensor;
    }
}

class Reader {
public:
    explicit Reader(const StoredModel& model)
        : model_(model), buffers_(model.storages.size()), uses_(model.storages.size(), 0) {
        for (const auto& item : model.tensors) ++uses_[item.second.storage];
    }

    torch::Tensor read(const StoredTensor& stored) {
        const std::int64_t width = static_cast<std::int64_t>(element_size(stored.type));
        const torch::Tensor bytes = buffer(stored.storage);
        const torch::Tensor flat =
            bytes.narrow(0, 0, bytes.numel() / width * width).view(scalar_type(stored.type));
        torch::Tensor tensor = flat.as_strided(stored.shape, stored.strides, stored.offset);
        tensor = widened(tensor.contiguous(), stored.type);
        // Neither does one tensor change with another, nor a small one keep a large storage.
        const bool is_part = tensor.is_alias_of(flat) && tensor.numel() != flat.numel();
        return is_part || uses_[stored.storage] > 1 ? tensor.clone() : tensor;
    }

private:
    /// A storage's bytes, read at its first use.
    torch::Tensor buffer(std::size_t index) {
        torch::Tensor& bytes = buffers_[index];
        if (!bytes.defined()) {
            const StoredBytes& storage = model_.storages[index];
            bytes = torch::empty({static_cast<std::int64_t>(storage.size)}, torch::kUInt8);
            storage.read(static_cast<char*>(bytes.data_ptr()));
        }
        if (uses_[index] == 1) return std::exchange(bytes, {});
        return bytes;
    }

    const StoredModel& model_;
    std::vector<torch::Tensor> buffers_;
    std::vector<int> uses_;
};

}  // namespace

TensorFile read_tensors(const StoredModel& model) {
    return translate_torch_errors(ErrorKind::bad_model, model.subject, [&model] {
        TensorFile file;
        file.metadata = model.metadata;
        Reader reader(model);
        for (const auto& [name, stored] : model.tensors) {
            if (stored.type != TensorType::other) file.tensors[name] = reader.read(stored);
        }
        return file;
    });
}

TensorFile read_model_file(const std::filesystem::path& file) {
    return translate_torch_errors(ErrorKind::bad_model, file.string(),
                                  [&file] { return read_tensors(open_model(file)); });
}

}  // namespace sisr
