/// A perceptual network to train against: SqueezeNet 1.1's shapes with random weights.
#pragma once

#include "temp_dir.h"

#include "formats/safetensors_header.h"

#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace sisr::test {

inline std::filesystem::path write_random_squeezenet(const std::filesystem::path& file) {
    SafetensorsHeader header;
    std::vector<float> values;
    std::mt19937 generator(5);
    std::normal_distribution<float> normal;
    const auto add = [&](const std::string& key, int outputs, int inputs, int side) {
        const int fan_in = inputs * side * side;
        TensorEntry weight;
        weight.name = key + ".weight";
        weight.shape = {outputs, inputs, side, side};
        weight.bytes = sizeof(float) * static_cast<std::size_t>(outputs * fan_in);
        header.tensors.push_back(weight);
        for (int i = 0; i < outputs * fan_in; ++i) {
            values.push_back(normal(generator) / std::sqrt(static_cast<float>(fan_in)));
        }
        TensorEntry bias;
        bias.name = key + ".bias";
        bias.shape = {outputs};
        bias.bytes = sizeof(float) * static_cast<std::size_t>(outputs);
        header.tensors.push_back(bias);
        values.resize(values.size() + static_cast<std::size_t>(outputs), 0.0F);
    };
    add("features.0", 64, 3, 3);
    const int fires[][4] = {{3, 64, 16, 64},    {4, 128, 16, 64},  {6, 128, 32, 128},
                            {7, 256, 32, 128},  {9, 256, 48, 192}, {10, 384, 48, 192},
                            {11, 384, 64, 256}, {12, 512, 64, 256}};
    for (const auto& [number, inputs, squeezed, expanded] : fires) {
        const std::string key = "features." + std::to_string(number);
        add(key + ".squeeze", squeezed, inputs, 1);
        add(key + ".expand1x1", expanded, squeezed, 1);
        add(key + ".expand3x3", expanded, squeezed, 3);
    }
    std::string bytes = format_safetensors_header(header);
    bytes.append(reinterpret_cast<const char*>(values.data()), sizeof(float) * values.size());
    write_bytes(file, bytes);
    return file;
}

/// LPIPS' linear layers for it, every channel alike.
inline std::filesystem::path write_even_lpips_linear(const std::filesystem::path& file) {
    SafetensorsHeader header;
    std::vector<float> values;
    const int channels[] = {64, 128, 256, 384, 384, 512, 512};
    for (int i = 0; i < 7; ++i) {
        TensorEntry weight;
        weight.name = "lin" + std::to_string(i);
        weight.shape = {channels[i]};
        weight.bytes = sizeof(float) * static_cast<std::size_t>(channels[i]);
        header.tensors.push_back(weight);
        values.resize(values.size() + static_cast<std::size_t>(channels[i]), 1.0F / 7);
    }
    std::string bytes = format_safetensors_header(header);
    bytes.append(reinterpret_cast<const char*>(values.data()), sizeof(float) * values.size());
    write_bytes(file, bytes);
    return file;
}

}  // namespace sisr::test
