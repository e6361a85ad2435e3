/// What a model file's header tells: torch-free.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sisr {

/// Of a model's tensors, by name.
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

using Metadata = std::map<std::string, std::string>;

/// The value of `key`, or `fallback` when it is absent.
inline std::string metadata_value(const Metadata& metadata, const std::string& key,
                                  const std::string& fallback = "") {
    const auto found = metadata.find(key);
    return found == metadata.end() ? fallback : found->second;
}

}  // namespace sisr
