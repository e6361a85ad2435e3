/// Model files of every kind as tensors.
#pragma once

#include "formats/model_header.h"
#include "formats/stored_model.h"
#include "formats/tensors.h"

#include <filesystem>

namespace sisr {

/// All weights of a file that open_model() knows, by canonical names, and its metadata. Tensors are
/// contiguous, own their memory and keep their types; those that libtorch has not become wider
/// ones: 8-bit floats float32, unsigned integers the next larger signed ones (64 bits stay). What
/// no network computes with (TensorType::other) is left out. Each file is read once, into memory:
/// one that shrinks while it is read is an error. Throws Error{not_found, io, bad_model,
/// out_of_memory}.
TensorFile read_model_file(const std::filesystem::path& file);

/// The tensors of a file whose header is read. Throws Error{io, bad_model, out_of_memory}.
TensorFile read_tensors(const StoredModel& model);

}  // namespace sisr
