/// What a Model holds; private to the library and its trainer.
#pragma once

#include "architectures/architecture.h"
#include "formats/tensors.h"
#include "nn/network.h"
#include "nn/program.h"

#include <sisr/model.h>
#include <sisr/upscaler.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sisr {

struct Model::Impl {
    /// Weights for one kind of input.
    struct Special {
        InputKind kind;
        std::shared_ptr<const Impl> weights;
    };

    ModelInfo info;
    NetworkTraits traits;
    Tensors tensors;   ///< prepared for inference: float32, batch norm folded
    Tensors fidelity;  ///< the same of stage 1, where the file holds it; else empty
    Metadata metadata;
    const LegacyArchitecture* architecture = nullptr;  ///< ours; null for others'
    const Architecture* published = nullptr;           ///< others'; null for ours
    std::vector<Special> specials;  ///< input of no kind of these gets the weights above
    /// "weight" [3,F] and "bias" [3] of the layer that chooses between them, see InputJudge; empty
    /// where none was fitted.
    Tensors judge;
};

/// Names of stage 1's tensors in a file that holds both stages begin with this.
constexpr const char* kFidelityPrefix = "fidelity.";

/// How a file holds weights for one kind of input.
struct SpecialFormat {
    InputKind kind;
    const char* name;    ///< as users read it
    const char* prefix;  ///< of the tensors' names; behind it is that of the stage
};
constexpr std::array<SpecialFormat, 2> kSpecialFormats{{
    {InputKind::clean, "clean", "clean."},
    {InputKind::heavily_damaged, "heavily damaged", "heavy."},
}};

/// Names of the tensors of Impl::judge begin with this in a file.
constexpr const char* kJudgePrefix = "judge.";

/// Each kind but `automatic` has a row of the layer, in the order of the enumeration.
constexpr int kJudgeRows = 3;
constexpr int judge_row(InputKind kind) {
    return static_cast<int>(kind) - static_cast<int>(InputKind::clean);
}

/// The model itself, or, where it holds both stages, one whose weights are interpolated between
/// them (Wang et al. 2018, ESRGAN, section 3.4): 0 is stage 1, 1 is stage 2, none the model's
/// default. Others' models stay as they are, see share_of_network(). Throws Error{usage} for a
/// strength out of range or a model of ours of one stage.
Model at_strength(const Model& model, std::optional<double> strength);

/// Of a model without stages of its own: how much of the network's result there is beside the
/// input's own enlargement, 0 to 1.
double share_of_network(const Model& model, std::optional<double> strength);

/// A network with the model's weights, ready to run. Throws Error{bad_model, out_of_memory}.
std::unique_ptr<Network> make_network(const Model& model, torch::Device device,
                                      torch::ScalarType precision);

/// The same as layers, in float32. Throws Error{bad_model}.
nn::Program program_of(const Model& model);

/// What Architecture::build_probe makes of the model, of its stage 1 where it has two.
std::unique_ptr<Network> make_probe(const Model& model, torch::Device device,
                                    torch::ScalarType precision);

}  // namespace sisr
