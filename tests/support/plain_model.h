/// A model that is known by heart, without libtorch.
#pragma once

#include "formats/safetensors_header.h"
#include "temp_dir.h"

#include <filesystem>
#include <string>

namespace sisr::test {

/// A compact SRResNet whose weights are all zero: it adds nothing to its input skip, so each input
/// pixel becomes scale x scale output pixels of the same value. Without the skip everything it
/// makes is 0. Weights other than 0 make a network without sense.
inline std::filesystem::path write_repeating_model(const std::filesystem::path& file, int scale,
                                                   bool has_input_skip = true, float weights = 0) {
    constexpr int kChannels = 4;
    SafetensorsHeader header;
    header.metadata = {{"sisr.architecture", "srresnet"},
                       {"sisr.input_skip", "nearest"},
                       {"sisr.name", file.stem().string()},
                       {"sisr.trained_for", "tests"}};
    if (!has_input_skip) header.metadata["sisr.input_skip"] = "none";
    std::size_t bytes = 0;
    const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
        TensorEntry entry;
        entry.name = name;
        entry.type = TensorType::f32;
        entry.shape = shape;
        entry.bytes = element_size(entry.type);
        for (const std::int64_t size : shape) entry.bytes *= static_cast<std::size_t>(size);
        bytes += entry.bytes;
        header.tensors.push_back(entry);
    };
    const auto add_convolution = [&](const std::string& layer, int inputs, int outputs) {
        add(layer + ".weight", {outputs, inputs, 3, 3});
        add(layer + ".bias", {outputs});
    };
    add_convolution("head", 3, kChannels);
    add_convolution("body.0.conv1", kChannels, kChannels);
    add_convolution("body.0.conv2", kChannels, kChannels);
    add_convolution("trunk", kChannels, kChannels);
    add_convolution("tail", kChannels, 3 * scale * scale);
    const std::vector<float> values(bytes / sizeof weights, weights);
    write_bytes(file, format_safetensors_header(header) +
                          std::string(reinterpret_cast<const char*>(values.data()), bytes));
    return file;
}

}  // namespace sisr::test
