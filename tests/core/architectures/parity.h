/// Models whose result Python computed, and the ways in which a program of ours must do the same.
#pragma once

#include "architectures/registry.h"
#include "formats/tensors.h"
#include "nn/program.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sisr::test {

struct ParityCase {
    std::string name;
    std::filesystem::path folder;  ///< holds new.pth, old.pth and model.safetensors
    std::string architecture;      ///< Architecture::id
    Spec spec;                     ///< scale, channels and exactness
    Metadata given;                ///< to read the model with
    torch::Tensor input;
    torch::Tensor expected;
};

/// Any executor: a program and its input [1,C,h,w] to its result.
using RunProgram = std::function<torch::Tensor(const nn::Program&, const torch::Tensor&)>;

/// Runs the reference networks of tests/core/architectures/reference; `family` is one of its files.
std::vector<ParityCase> make_cases(const std::filesystem::path& folder, const std::string& family,
                                   int seed);

/// The tensors of a file of a case, .pth or .safetensors.
Tensors read_model(const std::filesystem::path& file);

/// The program of the architecture that the shapes tell; the spec is compared.
Built build_case(const ParityCase& item, const Tensors& tensors);

/// How far each value of what `run` makes is from Python's, as a part of the range of those. All 1
/// where the sizes differ.
torch::Tensor parity_errors(const ParityCase& item, const nn::Program& program,
                            const RunProgram& run);

}  // namespace sisr::test
