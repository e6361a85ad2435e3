/// A program as a network that the engine runs.
#pragma once

#include "nn/network.h"
#include "nn/program.h"

#include <memory>

namespace sisr::nn {

/// On the CPU a local program goes through in strips (run_strips.h), any other, and on other
/// devices, as a whole. Sizes that are no multiple of the program's alignment are padded by
/// reflection, and the result is cut.
std::unique_ptr<Network> make_program_network(Program program, torch::Device device,
                                              torch::ScalarType precision);

/// What the engine must know of it.
NetworkTraits traits_of(const Program& program);

}  // namespace sisr::nn
