/// Another's model as what a training starts from.
#pragma once

#include "common/option_values.h"
#include "optimise/network_spec.h"

#include <optional>

namespace sisr::cli {

struct PublishedStart {
    training::NetworkSpec network;
    Tensors weights;
};

/// The model of --init; none where it is one of ours. Throws Error{bad_model, unsupported, io}
/// about it.
std::optional<PublishedStart> read_published_start(const OptionValues& values);

}  // namespace sisr::cli
