/// Small models as others publish them.
#pragma once

#include "formats/safetensors.h"

#include <cmath>
#include <filesystem>
#include <string>

namespace sisr::test {

/// SRVGGNetCompact with random weights; channels: of the picture, in and out.
inline TensorFile compact_model(int scale, int channels = 3, int features = 8, int layers = 2) {
    torch::manual_seed(11);
    Tensors tensors;
    const auto add = [&](int index, int outputs, int inputs) {
        const std::string name = "body." + std::to_string(index);
        const double gain = 1 / std::sqrt(9.0 * inputs);
        tensors[name + ".weight"] = gain * torch::randn({outputs, inputs, 3, 3});
        tensors[name + ".bias"] = 0.05 * torch::randn({outputs});
    };
    for (int i = 0; i <= layers; ++i) {
        add(2 * i, features, i == 0 ? channels : features);
        tensors["body." + std::to_string(2 * i + 1) + ".weight"] = torch::full({features}, 0.2);
    }
    add(2 * layers + 2, channels * scale * scale, features);
    return {tensors, {}};
}

inline std::filesystem::path write_compact_model(const std::filesystem::path& file, int scale,
                                                 int channels = 3) {
    write_safetensors(file, compact_model(scale, channels));
    return file;
}

}  // namespace sisr::test
