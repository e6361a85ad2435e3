/// Small model files with random weights.
#pragma once

#include "architectures/srresnet/srresnet.h"
#include "nn/module_tensors.h"
#include "ship/export.h"

#include <filesystem>

namespace sisr::test {

/// Weights as a fresh network has them, statistics of batch norm made non-trivial.
inline Tensors random_weights(const SrResNetSettings& settings, int seed = 1) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    const torch::NoGradGuard no_grad;
    const SrResNet network(settings);
    Tensors tensors;
    for (const auto& [name, tensor] : module_tensors(*network)) {
        const bool is_variance = name.find("running_var") != std::string::npos;
        const bool is_mean = name.find("running_mean") != std::string::npos;
        if (is_variance) {
            tensors[name] = torch::rand_like(tensor) + 0.5;
        } else if (is_mean) {
            tensors[name] = 0.1 * torch::randn_like(tensor);
        } else {
            tensors[name] = tensor.detach().clone();
        }
    }
    return tensors;
}

/// What the engine is told of such a network.
inline NetworkTraits traits_of(const SrResNetSettings& settings) {
    const LegacyArchitecture& architecture = srresnet_architecture();
    return architecture.traits(architecture.prepare(random_weights(settings)),
                               srresnet_metadata(settings));
}

inline std::filesystem::path write_random_model(const std::filesystem::path& file,
                                                const SrResNetSettings& settings) {
    training::ModelCard card;
    card.name = file.stem().string();
    card.trained_for = "tests";
    training::export_model(file, random_weights(settings), settings, card);
    return file;
}

}  // namespace sisr::test
