/// The architectures that are known.
#pragma once

#include "architectures/architecture.h"

#include <optional>
#include <vector>

namespace sisr {

/// In the order in which they are asked.
const std::vector<const Architecture*>& architectures();

struct FoundArchitecture {
    const Architecture* architecture = nullptr;
    Spec spec;
};

/// The one whose tensors these are; none where nobody knows them. Throws Error{bad_model} about
/// "model" where the names are known and the shapes cannot be.
std::optional<FoundArchitecture> find_architecture(const Shapes& shapes, const Metadata& metadata);

}  // namespace sisr
