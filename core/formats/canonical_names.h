/// One set of names for a model's weights, whatever a training program wrapped round them.
/// Torch-free.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace sisr {

/// A tensor's place in a file: the keys of the dictionaries that lead to it, then its name.
using TensorPath = std::vector<std::string>;

/// The weights among the tensors of a file, by their canonical names, as indices of `paths`.
///
/// The dictionary that holds the weights is taken out of those round it; where there are several
/// ("params_ema" and "params") the averaged weights are preferred. Optimisers' states and the
/// networks that a training needed besides are left out. What is before all names and tells only of
/// the training program ("module.", "netG.", "net.") is taken off; ESRGAN's old names ("model.0",
/// "model.1.sub.0") are names, and stay.
std::map<std::string, std::size_t> canonical_names(const std::vector<TensorPath>& paths);

}  // namespace sisr
