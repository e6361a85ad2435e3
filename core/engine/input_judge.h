/// Tells which of a model's weights suit a picture.
#pragma once

#include "engine/device.h"
#include "model/model_impl.h"

#include <sisr/image.h>

#include <memory>
#include <optional>

namespace sisr {

/// A network that was trained to restore sees the damage: its mean activations differ between clean
/// and compressed pictures, and a linear layer on them tells which (Alain and Bengio 2016,
/// arXiv:1610.01644). That layer is fitted by sisr-train's command `judge` and held in the model
/// file.
class InputJudge {
public:
    /// Looks with the model's weights of stage 1, where it has two. Throws as make_network.
    InputJudge(const Model& model, const ExecutionPlan& plan);

    /// [F] float32: what Network::forward of make_probe() yields for the picture, of its 64x64
    /// squares with the most texture, which make an eighth of it, but are 4 at least (as many as
    /// there are) and 16 at most. None for a picture without texture. Throws
    /// Error{internal, out_of_memory}.
    std::optional<torch::Tensor> describe(const Image& picture) const;

    /// The kind, of those that the model has weights for, whose weights promise the least error;
    /// `damaged` for pictures without texture and models without a fitted layer.
    InputKind judge(const Image& picture) const;

private:
    Model model_;
    std::unique_ptr<const Network> probe_;
};

}  // namespace sisr
