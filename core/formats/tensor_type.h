/// Kinds of numbers in model files.
#pragma once

#include <cstddef>

namespace sisr {

enum class TensorType {
    f32,
    f16,
    bf16,
    f64,
    f8_e4m3,
    f8_e5m2,
    i64,
    i32,
    i16,
    i8,
    u64,
    u32,
    u16,
    u8,
    boolean,
    complex64,
    other  ///< a kind that no network of ours computes with; its values are left in the file
};

/// Bytes per element; 0 for `other`.
constexpr std::size_t element_size(TensorType type) {
    switch (type) {
        case TensorType::f64:
        case TensorType::i64:
        case TensorType::u64:
        case TensorType::complex64: return 8;
        case TensorType::f32:
        case TensorType::i32:
        case TensorType::u32: return 4;
        case TensorType::f16:
        case TensorType::bf16:
        case TensorType::i16:
        case TensorType::u16: return 2;
        case TensorType::f8_e4m3:
        case TensorType::f8_e5m2:
        case TensorType::i8:
        case TensorType::u8:
        case TensorType::boolean: return 1;
        case TensorType::other: return 0;
    }
    return 0;
}

}  // namespace sisr
