/// The part of Python's pickle format that files of PyTorch use. Nothing is imported, constructed
/// or called: only the functions that make tensors and their dictionaries are known, by name, and
/// every other object is an opaque value. Torch-free, so that it can be fuzzed by itself.
#pragma once

#include "formats/canonical_names.h"
#include "formats/tensor_type.h"

#include <sisr/error.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sisr {

/// A view of a storage that the file holds elsewhere.
struct PickledTensor {
    std::string storage_key;
    std::string storage_type;  ///< "FloatStorage", "HalfStorage"...; of an untyped one the dtype
    std::int64_t offset = 0;   ///< in elements, as are the strides
    std::vector<std::int64_t> shape;
    std::vector<std::int64_t> strides;
};

struct PickledModel {
    /// The weights, by canonical names.
    std::map<std::string, PickledTensor> tensors;
    /// Of every storage by its key, also those of tensors that are left out.
    std::map<std::string, std::string> storage_types;
    std::size_t bytes = 0;  ///< length of the pickle
};

/// The pickle goes on where the bytes that were given end.
class TruncatedPickle : public Error {
public:
    using Error::Error;
};

/// Reads a pickle that begins at `position`: a state_dict, a checkpoint that holds one
/// (canonical_names.h), or a whole module, of which the weights are taken. Throws Error{bad_model}
/// about `subject` for what holds none, for a weight that an unknown function makes, and for the
/// name of a function that would do harm; TruncatedPickle.
PickledModel unpickle_model(std::string_view bytes, std::size_t position,
                            const std::string& subject);

/// A pickle of a list of texts, 100,000 at most. `position` moves behind it.
std::vector<std::string> unpickle_texts(std::string_view bytes, std::size_t& position,
                                        const std::string& subject);

/// Moves `position` behind a pickle of one number: its digits, or, of one beyond 64 bits that is
/// not written as text, its bytes, little-endian. Empty for what is no number.
std::string unpickle_number(std::string_view bytes, std::size_t& position,
                            const std::string& subject);

/// Moves `position` behind a pickle whose content does not matter.
void skip_pickle(std::string_view bytes, std::size_t& position, const std::string& subject);

/// The kind of a storage class or dtype by its name, `other` where it is none that is known.
TensorType pickled_type(std::string_view name);

}  // namespace sisr
