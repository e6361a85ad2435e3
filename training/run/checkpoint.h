/// Checkpoints: everything that a run needs to go on exactly, each in one safetensors file.
#pragma once

#include "base/numbers.h"
#include "formats/tensors.h"

#include <sisr/error.h>

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sisr::training {

void put_tensors(TensorFile& checkpoint, const std::string& prefix, const Tensors& tensors);

/// The tensors under a prefix, without it.
Tensors take_tensors(const TensorFile& checkpoint, const std::string& prefix);

/// A number of the metadata. Throws Error{bad_model} when it is not there or none.
template <class Number>
Number checkpoint_number(const TensorFile& checkpoint, const std::string& name) {
    const auto found = checkpoint.metadata.find(name);
    const auto value =
        found == checkpoint.metadata.end() ? std::nullopt : parse_number<Number>(found->second);
    if (!value) throw Error(ErrorKind::bad_model, "checkpoint", "holds no number \"" + name + "\"");
    return *value;
}

/// libtorch's own serialisation, kept as bytes: it differs between versions of libtorch.
void put_optimizer(TensorFile& checkpoint, const std::string& name,
                   const torch::optim::Optimizer& optimizer);
/// Throws Error{bad_model} when the bytes do not belong to such an optimizer.
void take_optimizer(const TensorFile& checkpoint, const std::string& name,
                    torch::optim::Optimizer& optimizer, torch::Device device);

/// The files step-N.safetensors of one folder.
class CheckpointStore {
public:
    /// Keeps the newest `keep` files.
    CheckpointStore(std::filesystem::path folder, int keep);

    /// Written atomically; older ones are removed afterwards. Throws Error{io}.
    void save(std::int64_t step, const TensorFile& checkpoint) const;

    /// As best.safetensors, which is kept beside the newest.
    void save_best(const TensorFile& checkpoint) const;

    /// The newest that is whole; `warn` gets a line for each that is not. None: no checkpoint.
    std::optional<TensorFile> load_newest(
        const std::function<void(const std::string&)>& warn) const;

private:
    /// From old to new.
    std::vector<std::filesystem::path> files() const;

    std::filesystem::path folder_;
    int keep_;
};

}  // namespace sisr::training
