/// Which layers run_reference computes where their first input lies.
#pragma once

#include "nn/program.h"

#include <vector>

namespace sisr::nn {

/// How many layers read each value; the output is read once more, by whoever asked for it.
inline std::vector<int> count_readers(const Program& program) {
    std::vector<int> readers(program.layers.size(), 0);
    for (const Layer& layer : program.layers) {
        for (const Value input : layer.inputs) ++readers[static_cast<std::size_t>(input)];
    }
    ++readers[static_cast<std::size_t>(program.output)];
    return readers;
}

/// A result that this layer alone reads may be overwritten where it is no view of another's, and
/// nobody holds one of it.
inline bool may_be_in_place(const Program& program, const Layer& layer,
                            const std::vector<int>& readers) {
    const auto* activate = std::get_if<Activate>(&layer.operation);
    const bool is_activation = activate != nullptr && activate->kind != Activation::prelu &&
                               activate->kind != Activation::gelu &&
                               activate->kind != Activation::mish;
    if (!is_activation && !std::holds_alternative<Sum>(layer.operation)) return false;
    const Value first = layer.inputs.front();
    const Operation& maker = program.at(first).operation;
    const bool is_own = !std::holds_alternative<Input>(maker) &&
                        !std::holds_alternative<Slice>(maker) &&
                        !std::holds_alternative<Custom>(maker);
    return is_own && readers[static_cast<std::size_t>(first)] == 1;
}

}  // namespace sisr::nn
