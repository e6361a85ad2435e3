/// The safetensors container without tensors: what is in a file and where. Torch-free, so that it
/// can be fuzzed and tested by itself. Format: https://github.com/huggingface/safetensors
#pragma once

#include "formats/tensor_type.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sisr {

struct TensorEntry {
    std::string name;
    TensorType type = TensorType::f32;
    std::vector<std::int64_t> shape;
    std::size_t offset = 0;  ///< bytes from the start of the file
    std::size_t bytes = 0;
};

struct SafetensorsHeader {
    std::vector<TensorEntry> tensors;
    std::map<std::string, std::string> metadata;
};

/// Bytes of the length field that precedes the JSON header.
constexpr std::size_t kSafetensorsPrefixBytes = 8;

/// Reads the length field; `prefix` holds its 8 bytes. Throws Error{bad_model} with `subject`
/// when the header could not fit into a file of `file_bytes`.
std::size_t safetensors_header_bytes(const unsigned char* prefix, std::size_t file_bytes,
                                     const std::string& subject);

/// Reads the JSON header. Trusts nothing: types, shapes, sizes and offsets must be consistent and
/// inside the file. Kinds of numbers of less than a byte are `other`. Throws Error{bad_model} with
/// `subject`.
SafetensorsHeader parse_safetensors_header(const std::string& json, std::size_t file_bytes,
                                           const std::string& subject);

/// The length field and the JSON header for tensors laid out in the given order; offsets in
/// `header` are ignored. No tensor may be of the type `other`.
std::string format_safetensors_header(const SafetensorsHeader& header);

}  // namespace sisr
