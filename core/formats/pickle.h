/// The part of Python's pickle format that PyTorch's state_dicts use. Nothing is constructed or
/// called: only the opcodes and the few globals that tensors need are known, everything else is
/// refused by name. Torch-free, so that it can be tested by itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sisr {

/// Where a tensor's values are: a view of a storage that the file holds elsewhere.
struct PickledTensor {
    std::string storage_key;
    std::string storage_type;  ///< "FloatStorage", "HalfStorage"...
    std::int64_t offset = 0;   ///< in elements, as are the strides
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
};

struct StateDict {
    std::map<std::string, PickledTensor> tensors;
    /// Of every storage by its key, also those of tensors that are left out.
    std::map<std::string, std::string> storage_types;
    std::size_t bytes = 0;  ///< length of the pickle
};

/// Reads a pickled state_dict from `position` on. A dictionary around it ("params_ema", "params",
/// "state_dict", "model", in this order) and the prefix "module." of its keys are taken off; what
/// is no tensor is left out. Throws Error{bad_model} about `subject`.
StateDict unpickle_state_dict(const std::string& bytes, std::size_t position,
                              const std::string& subject);

/// A pickle of a list of texts. `position` moves behind it.
std::vector<std::string> unpickle_texts(const std::string& bytes, std::size_t& position,
                                        const std::string& subject);

/// Moves `position` behind a pickle whose content does not matter.
void skip_pickle(const std::string& bytes, std::size_t& position, const std::string& subject);

}  // namespace sisr
