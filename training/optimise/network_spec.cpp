#include "optimise/network_spec.h"

#include "architectures/registry.h"
#include "architectures/shape_reader.h"
#include "architectures/srresnet/srresnet.h"
#include "nn/module_tensors.h"
#include "nn/run_reference.h"
#include "optimise/grow.h"
#include "optimise/learner.h"

#include <sisr/error.h>

#include <set>

namespace sisr::training {
namespace {

// In a checkpoint: the architecture of a program.
constexpr const char* kProgramKey = "sisr.program";

/// What a file says of its network, not of its making.
Metadata about_network(const Metadata& metadata) {
    static const std::set<std::string> kWords{"sisr.name",     "sisr.trained_for", "sisr.licence",
                                              "sisr.training", "sisr.colour_lock", kProgramKey};
    Metadata kept;
    for (const auto& [key, value] : metadata) {
        if (key.rfind("sisr.", 0) == 0 && kWords.count(key) == 0) kept[key] = value;
    }
    return kept;
}

class SrResNetInTraining final : public TrainedNetwork {
public:
    SrResNetInTraining(const SrResNetSettings& settings, const Tensors& initial)
        : network_(settings) {
        if (!initial.empty()) {
            load_tensors(*network_, grow_weights(module_tensors(*network_), initial));
        }
        // Its own parts, so that weights have the names that its files give them.
        for (const auto& part : network_->named_children()) {
            register_module(part.key(), part.value());
        }
    }
    torch::Tensor forward(const torch::Tensor& input) override { return network_->forward(input); }

private:
    SrResNet network_;
};

/// Parameters under the names of the file: "body.0.weight" is the weight of "0" in "body".
class ProgramInTraining final : public TrainedNetwork {
public:
    ProgramInTraining(const NetworkSpec& spec, const Tensors& initial)
        : architecture_(*spec.program), metadata_(spec.metadata) {
        const std::vector<std::string> names = architecture_.build(initial, metadata_).unused;
        const std::set<std::string> unused(names.begin(), names.end());
        for (const auto& [name, tensor] : initial) {
            const bool is_learned =
                tensor.is_floating_point() && unused.count(name) == 0 && !is_statistic(name);
            put(name, tensor, is_learned);
        }
    }

    torch::Tensor forward(const torch::Tensor& input) override {
        // What the layers are made of follows from the weights by sums and products, through which
        // gradients pass.
        const nn::Program program = architecture_.build(module_tensors(*this), metadata_).program;
        return nn::run_reference(nn::moved(program, input.device(), torch::kFloat32), input);
    }

private:
    struct Part : torch::nn::Module {};

    /// Of batch norm: as inference has it, it is part of the convolution before it.
    static bool is_statistic(const std::string& name) {
        const auto ends = [&name](const std::string& end) {
            return name.size() >= end.size() &&
                   name.compare(name.size() - end.size(), end.size(), end) == 0;
        };
        return ends(".running_mean") || ends(".running_var");
    }

    void put(const std::string& name, const torch::Tensor& tensor, bool is_learned) {
        torch::nn::Module* at = this;
        std::string rest = name;
        for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
            const std::string part = rest.substr(0, dot);
            auto children = at->named_children();
            at = children.contains(part)
                     ? children[part].get()
                     : at->register_module(part, std::make_shared<Part>()).get();
            rest = rest.substr(dot + 1);
        }
        if (is_learned) {
            at->register_parameter(rest, tensor.detach().to(torch::kFloat32).clone());
        } else {
            at->register_buffer(rest, tensor.detach().clone());
        }
    }

    const Architecture& architecture_;
    Metadata metadata_;
};

std::shared_ptr<TrainedNetwork> make(const NetworkSpec& spec, const Tensors& initial) {
    if (spec.program != nullptr) return std::make_shared<ProgramInTraining>(spec, initial);
    return std::make_shared<SrResNetInTraining>(spec.srresnet, initial);
}

}  // namespace

NetworkSpec NetworkSpec::of_program(const Tensors& weights, const Metadata& metadata) {
    const auto found = find_architecture(shapes_of(weights), metadata);
    if (!found) {
        throw Error(ErrorKind::bad_model, "model",
                    "its tensors belong to no architecture that is known");
    }
    const std::string id = found->architecture->id;
    if (id == "ncnn" || id == "onnx") {
        throw Error(ErrorKind::unsupported, "model",
                    "is a list of layers, whose weights cannot be trained by their names");
    }
    const Spec& sizes = found->spec;
    if (sizes.input_channels != sizes.output_channels || sizes.input_channels > 3) {
        throw Error(ErrorKind::unsupported, "model",
                    "takes or makes other channels than grey or colour");
    }
    NetworkSpec spec;
    spec.scale = sizes.scale;
    spec.colour_channels = sizes.input_channels;
    spec.program = found->architecture;
    spec.metadata = about_network(metadata);
    return spec;
}

Metadata network_metadata(const NetworkSpec& spec) {
    if (spec.program == nullptr) return srresnet_metadata(spec.srresnet);
    Metadata metadata = spec.metadata;
    metadata[kProgramKey] = spec.program->id;
    return metadata;
}

NetworkSpec read_network_spec(const Tensors& weights, const Metadata& metadata) {
    const bool is_ours = metadata.count(kProgramKey) == 0 && weights.count("head.weight") != 0 &&
                         weights.count("tail.weight") != 0;
    if (is_ours) return read_srresnet_settings(weights, metadata);
    return NetworkSpec::of_program(weights, metadata);
}

std::shared_ptr<TrainedNetwork> make_trained_network(const NetworkSpec& spec,
                                                     const Tensors& initial, torch::Device device) {
    auto network = make(spec, initial);
    network->to(device);
    use_channels_last(*network);
    network->train();
    return network;
}

}  // namespace sisr::training
