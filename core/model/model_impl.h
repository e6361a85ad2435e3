/// What a Model holds; private to the library and its trainer.
#pragma once

#include "model/network.h"
#include "model/tensors.h"

#include <sisr/model.h>

namespace sisr {

struct Model::Impl {
    ModelInfo info;
    NetworkTraits traits;
    Tensors tensors;  ///< prepared for inference: float32, batch norm folded
    Metadata metadata;
    const Architecture* architecture = nullptr;
};

/// A network with the model's weights, ready to run. Throws Error{bad_model, out_of_memory}.
std::unique_ptr<Network> make_network(const Model& model, torch::Device device,
                                      torch::ScalarType precision);

}  // namespace sisr
