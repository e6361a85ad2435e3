/// Which network a run trains.
#pragma once

#include "architectures/architecture.h"
#include "architectures/srresnet/settings.h"

#include <memory>

namespace sisr::training {

/// An SRResNet by its sizes, or the program that an architecture makes of tensors, which keep the
/// names that they have there.
struct NetworkSpec {
    NetworkSpec() = default;
    /// Not explicit: an SRResNet is what most runs train.
    NetworkSpec(const SrResNetSettings& settings)
        : scale(settings.scale), colour_channels(settings.colour_channels), srresnet(settings) {}
    /// What find_architecture() tells of `weights`. metadata: what the weights' file says of them.
    /// Throws Error{bad_model} about "model" for weights of no architecture, Error{unsupported} for
    /// a list of layers, whose weights have no names of their own, and for networks of other
    /// channels than 1 or 3, the same in and out.
    static NetworkSpec of_program(const Tensors& weights, const Metadata& metadata);

    int scale = 4;
    int colour_channels = 3;
    SrResNetSettings srresnet;              ///< where there is no program
    const Architecture* program = nullptr;  ///< null: an SRResNet
    Metadata metadata;                      ///< of a program: what Architecture::build() is told
};

/// What tells a network's sizes in a checkpoint, and in a model file of an SRResNet.
Metadata network_metadata(const NetworkSpec& spec);

/// The network that weights of such a checkpoint, or of any model file, belong to.
NetworkSpec read_network_spec(const Tensors& weights, const Metadata& metadata);

/// A network in training.
class TrainedNetwork : public torch::nn::Module {
public:
    /// [N,C,h,w] to [N,C,scale*h,scale*w], with what the backward pass needs.
    virtual torch::Tensor forward(const torch::Tensor& input) = 0;
};

/// On the device, in training mode. initial: weights to start from; of a program all of them, of an
/// SRResNet those of one that is as large or smaller (grow_weights), or none.
std::shared_ptr<TrainedNetwork> make_trained_network(const NetworkSpec& spec,
                                                     const Tensors& initial, torch::Device device);

}  // namespace sisr::training
