/// What a Model holds; private to the library and its trainer.
#pragma once

#include "model/network.h"
#include "model/tensors.h"

#include <sisr/model.h>

#include <memory>
#include <optional>

namespace sisr {

struct Model::Impl {
    ModelInfo info;
    NetworkTraits traits;
    Tensors tensors;   ///< prepared for inference: float32, batch norm folded
    Tensors fidelity;  ///< the same of stage 1, where the file holds it; else empty
    Metadata metadata;
    const Architecture* architecture = nullptr;
    /// The weights that the file holds for input without damage; null: these are for any.
    std::shared_ptr<const Impl> clean;
    double clean_below = 0;  ///< the damage (see DamageMeter) from which on `clean` is not used
};

/// Names of stage 1's tensors in a file that holds both stages begin with this.
constexpr const char* kFidelityPrefix = "fidelity.";

/// Names of the tensors for clean input begin with this, and behind it with that of the stage.
constexpr const char* kCleanPrefix = "clean.";
/// Metadata: clean_below.
constexpr const char* kCleanBelow = "sisr.clean_below";

/// The model itself, or, where it holds both stages, one whose weights are interpolated between
/// them (Wang et al. 2018, ESRGAN, section 3.4): 0 is stage 1, 1 is stage 2, none the model's
/// default. Throws Error{usage} for a strength out of range or a model of one stage.
Model at_strength(const Model& model, std::optional<double> strength);

/// A network with the model's weights, ready to run. Throws Error{bad_model, out_of_memory}.
std::unique_ptr<Network> make_network(const Model& model, torch::Device device,
                                      torch::ScalarType precision);

}  // namespace sisr
