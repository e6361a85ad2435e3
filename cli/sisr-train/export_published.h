/// Others' models as safetensors files.
#pragma once

#include "common/option_values.h"

#include <filesystem>

namespace sisr::cli {

/// Whether a file holds a network that somebody else trained; false for what cannot be read.
bool is_published_model(const std::filesystem::path& file);

/// Writes the weights in `from` by their own names, without what a training left beside them, in
/// the type that --as names or as they are. Throws Error{usage, unsupported, bad_model, io}.
void export_published(const OptionValues& values, const std::filesystem::path& from,
                      const std::filesystem::path& target);

/// Any model, ours (at --strength, where it has two stages) or another's, as an ONNX file. Throws
/// Error{usage, unsupported, bad_model, io}.
void export_onnx(const OptionValues& values, const std::filesystem::path& target);

}  // namespace sisr::cli
