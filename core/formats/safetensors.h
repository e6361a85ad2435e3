/// safetensors files to and from tensors.
#pragma once

#include "formats/tensors.h"

#include <filesystem>

namespace sisr {

/// Tensors by their names in the file, in the types of read_tensors(). Throws Error{not_found, io,
/// bad_model, out_of_memory}.
TensorFile read_safetensors(const std::filesystem::path& file);

/// The same for a file that holds a model of ours or a training run's checkpoint, of which it takes
/// the averaged weights.
TensorFile read_own_model(const std::filesystem::path& file);

/// Only the metadata, cheaply. Throws as read_safetensors does.
Metadata read_safetensors_metadata(const std::filesystem::path& file);

/// Written under a temporary name, synced, renamed. Tensors may have any layout and device; the
/// types are kept. Throws Error{io, unsupported}.
void write_safetensors(const std::filesystem::path& file, const TensorFile& content);

}  // namespace sisr
