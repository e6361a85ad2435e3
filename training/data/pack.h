/// Photographs that were decoded and audited once, in one file that a training maps: it starts at
/// once, and several processes share the memory.
#pragma once

#include "data/audit.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace sisr::training {

struct PackedPicture {
    AuditedImage audited;
    const std::uint8_t* rgb = nullptr;  ///< interleaved, 8 bits; valid as long as `owner`
};

/// A safetensors file: each picture a tensor [h,w,3] of bytes; what the audit found and checksums
/// in the metadata.
struct Pack {
    std::vector<PackedPicture> pictures;
    std::shared_ptr<const void> owner;  ///< of the mapping
};

/// Whether a file is a pack, by its content.
bool is_pack(const std::filesystem::path& file);

/// Maps it and compares the checksums. Throws Error{io, bad_image} about the file.
Pack open_pack(const std::filesystem::path& file);

/// Written under a temporary name, synced, renamed. Throws Error{io}.
void write_pack(const std::filesystem::path& file, const std::vector<PackedPicture>& pictures);

}  // namespace sisr::training
