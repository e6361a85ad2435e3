/// What one training step does: the trainer does not know which stage it runs.
#pragma once

#include "data/batch_loader.h"
#include "formats/tensors.h"
#include "optimise/network_spec.h"

#include <map>
#include <string>
#include <vector>

namespace sisr::training {

/// Values of the terms of the loss and what else tells how a step went, among it "gradient", the
/// norm of the generator's gradient before clipping.
using Losses = std::map<std::string, double>;

class Objective {
public:
    Objective() = default;
    Objective(const Objective&) = delete;
    Objective& operator=(const Objective&) = delete;
    virtual ~Objective() = default;

    /// One forward and backward pass and one update at the given learning rate. When a loss or the
    /// gradient is NaN or Inf nothing is updated, and the losses tell.
    virtual Losses step(const Batch& batch, double rate) = 0;

    /// Everything that the next step depends on, exactly.
    virtual void save(TensorFile& checkpoint) const = 0;
    /// Throws Error{bad_model} for a checkpoint of another network.
    virtual void load(const TensorFile& checkpoint) = 0;

    /// The averaged weights of the generator, which validation and export use.
    virtual const Tensors& averaged() const = 0;
    virtual const NetworkSpec& network() const = 0;

    /// What a person should hear of the means over the last report's steps; empty when all is well.
    virtual std::vector<std::string> complaints(const Losses& /*means*/) { return {}; }
};

/// True when all values are finite.
bool is_finite(const Losses& losses);

}  // namespace sisr::training
