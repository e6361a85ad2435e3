/// A model that is known by heart, without libtorch.
#pragma once

#include "formats/safetensors_header.h"
#include "temp_dir.h"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sisr::test {

/// A model file of float32 tensors.
class PlainModel {
public:
    explicit PlainModel(std::map<std::string, std::string> metadata) {
        header_.metadata = std::move(metadata);
    }

    /// A convolution 3x3; value(i): of its i-th number, weights and then biases.
    template <class Value>
    void add(const std::string& layer, int inputs, int outputs, const Value& value) {
        add_tensor(layer + ".weight", {outputs, inputs, 3, 3}, value);
        add_tensor(layer + ".bias", {outputs}, value);
    }

    std::filesystem::path write(const std::filesystem::path& file) const {
        write_bytes(file, format_safetensors_header(header_) +
                              std::string(reinterpret_cast<const char*>(values_.data()),
                                          sizeof(float) * values_.size()));
        return file;
    }

private:
    template <class Value>
    void add_tensor(const std::string& name, const std::vector<std::int64_t>& shape,
                    const Value& value) {
        TensorEntry entry;
        entry.name = name;
        entry.type = TensorType::f32;
        entry.shape = shape;
        std::size_t count = 1;
        for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
        entry.bytes = count * element_size(entry.type);
        header_.tensors.push_back(entry);
        for (std::size_t i = 0; i < count; ++i) values_.push_back(value(i));
    }

    SafetensorsHeader header_;
    std::vector<float> values_;
};

/// A compact SRResNet whose weights are all zero: it adds nothing to its input skip, so each input
/// pixel becomes scale x scale output pixels of the same value. Without the skip everything it
/// makes is 0. Weights other than 0 make a network without sense.
inline std::filesystem::path write_repeating_model(const std::filesystem::path& file, int scale,
                                                   bool has_input_skip = true, float weights = 0) {
    constexpr int kChannels = 4;
    PlainModel model({{"sisr.architecture", "srresnet"},
                      {"sisr.input_skip", has_input_skip ? "nearest" : "none"},
                      {"sisr.name", file.stem().string()},
                      {"sisr.trained_for", "tests"}});
    const auto all = [weights](std::size_t /*i*/) { return weights; };
    model.add("head", 3, kChannels, all);
    model.add("body.0.conv1", kChannels, kChannels, all);
    model.add("body.0.conv2", kChannels, kChannels, all);
    model.add("trunk", kChannels, kChannels, all);
    model.add("tail", kChannels, 3 * scale * scale, all);
    return model.write(file);
}

/// A small ESRGAN x4 as others publish it, with weights that make some picture.
inline std::filesystem::path write_esrgan_model(const std::filesystem::path& file) {
    constexpr int kChannels = 8;
    constexpr int kGrowth = 4;
    PlainModel model({});
    std::uint32_t state = 1;
    const auto some = [&state](int inputs) {
        const float gain = 1.2F / std::sqrt(9.0F * static_cast<float>(inputs));
        return [&state, gain](std::size_t /*i*/) {
            state = state * 1664525U + 1013904223U;
            return gain * (static_cast<float>(state >> 8U) / (1U << 23U) - 1);
        };
    };
    const auto add = [&](const std::string& layer, int inputs, int outputs) {
        model.add(layer, inputs, outputs, some(inputs));
    };
    add("conv_first", 3, kChannels);
    for (int part = 1; part <= 3; ++part) {
        for (int i = 0; i < 5; ++i) {
            const std::string layer =
                "body.0.rdb" + std::to_string(part) + ".conv" + std::to_string(i + 1);
            add(layer, kChannels + i * kGrowth, i < 4 ? kGrowth : kChannels);
        }
    }
    for (const char* layer : {"conv_body", "conv_up1", "conv_up2", "conv_hr"}) {
        add(layer, kChannels, kChannels);
    }
    add("conv_last", kChannels, 3);
    return model.write(file);
}

}  // namespace sisr::test
