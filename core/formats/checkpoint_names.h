/// Checkpoints of training runs, which hold a model among other things.
#pragma once

#include <map>
#include <string>
#include <utility>

namespace sisr {

/// Of a checkpoint (its metadata counts "ema_updates") leaves the averaged weights, by the names
/// that the network has; another file's tensors stay as they are. Works on any map from names.
template <class Map>
void keep_averaged(Map& tensors, const std::map<std::string, std::string>& metadata) {
    static const std::string kPrefix = "ema.";
    if (metadata.count("ema_updates") == 0) return;
    Map averaged;
    for (auto& [name, tensor] : tensors) {
        if (name.rfind(kPrefix, 0) != 0) continue;
        averaged[name.substr(kPrefix.size())] = std::move(tensor);
    }
    tensors = std::move(averaged);
}

}  // namespace sisr
