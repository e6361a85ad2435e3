/// Models that others trained: any architecture of architectures/registry.h, from any file that
/// formats/ reads.
#pragma once

#include "model/model_impl.h"

#include <filesystem>
#include <memory>

namespace sisr {

/// One network, and what it is called. Throws Error{not_found, io, bad_model, unsupported}.
std::shared_ptr<Model::Impl> load_published(const std::filesystem::path& file);

/// What a file of any kind, ours too, tells of itself in its header: cheap. `radius` stays 0.
/// Throws as load_published().
ModelInfo describe_model(const std::filesystem::path& file);

}  // namespace sisr
