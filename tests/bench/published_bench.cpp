/// Speed of the networks that people publish, with random weights, as ratios to libtorch's own way.
///   sisr-bench-published [--write FOLDER] [SIDE...]
/// SIDE: width and height of the inputs, by default 128 and 256 pixels. --write: the models as
/// safetensors files instead, for other programs to run (tests/bench/against_onnxruntime).
#include "architectures/registry.h"
#include "architectures/srresnet/settings.h"
#include "bench/ways.h"
#include "formats/safetensors.h"
#include "nn/program_network.h"
#include "nn/run_reference.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sisr/error.h>

namespace {

using namespace sisr;
using bench::Way;

// The large networks take seconds on a laptop.
constexpr int kRounds = 3;

struct Published {
    std::string file;
    std::string words;
    TensorFile content;
};

/// Keeps the values of the layers at the size of the picture's.
void add(Tensors& tensors, const std::string& name, int outputs, int inputs, int kernel = 3) {
    const double gain = 0.5 / std::sqrt(static_cast<double>(inputs * kernel * kernel));
    tensors[name + ".weight"] = gain * torch::randn({outputs, inputs, kernel, kernel});
    tensors[name + ".bias"] = 0.01 * torch::randn({outputs});
}

Published compact() {
    constexpr int kChannels = 64;
    constexpr int kLayers = 32;
    Tensors tensors;
    for (int i = 0; i <= kLayers; ++i) {
        add(tensors, "body." + std::to_string(2 * i), kChannels, i == 0 ? 3 : kChannels);
        tensors["body." + std::to_string(2 * i + 1) + ".weight"] = torch::full({kChannels}, 0.25);
    }
    add(tensors, "body." + std::to_string(2 * kLayers + 2), 48, kChannels);
    return {"compact", "Compact, 64 channels, 32 layers", {tensors, {}}};
}

Published span() {
    constexpr int kChannels = 48;
    Tensors tensors;
    add(tensors, "conv_1.eval_conv", kChannels, 3);
    for (int i = 1; i <= 6; ++i) {
        for (const char* layer : {".c1_r", ".c2_r", ".c3_r"}) {
            add(tensors, "block_" + std::to_string(i) + layer + ".eval_conv", kChannels, kChannels);
        }
    }
    add(tensors, "conv_2.eval_conv", kChannels, kChannels);
    add(tensors, "conv_cat", kChannels, 4 * kChannels, 1);
    add(tensors, "upsampler.0", 48, kChannels);
    tensors["no_norm"] = torch::zeros({1});
    return {"span", "SPAN, 48 channels", {tensors, {}}};
}

Published esrgan(int blocks) {
    constexpr int kChannels = 64;
    constexpr int kGrowth = 32;
    Tensors tensors;
    add(tensors, "conv_first", kChannels, 3);
    for (int block = 0; block < blocks; ++block) {
        for (int part = 1; part <= 3; ++part) {
            for (int i = 0; i < 5; ++i) {
                const std::string name = "body." + std::to_string(block) + ".rdb" +
                                         std::to_string(part) + ".conv" + std::to_string(i + 1);
                add(tensors, name, i < 4 ? kGrowth : kChannels, kChannels + i * kGrowth);
            }
        }
    }
    for (const char* name : {"conv_body", "conv_up1", "conv_up2", "conv_hr"}) {
        add(tensors, name, kChannels, kChannels);
    }
    add(tensors, "conv_last", 3, kChannels);
    const std::string number = std::to_string(blocks);
    return {"esrgan-" + number, "ESRGAN, " + number + " blocks", {tensors, {}}};
}

/// Ours, as a program.
Published srresnet() {
    const auto settings = SrResNetSettings::compact(4, 48, 8);
    Tensors tensors;
    add(tensors, "head", settings.channels, 3);
    for (int i = 0; i < settings.blocks; ++i) {
        const std::string block = "body." + std::to_string(i);
        add(tensors, block + ".conv1", settings.channels, settings.channels);
        add(tensors, block + ".conv2", settings.channels, settings.channels);
    }
    add(tensors, "trunk", settings.channels, settings.channels);
    add(tensors, "tail", 48, settings.channels);
    return {
        "srresnet", "our compact SRResNet, 48 channels", {tensors, srresnet_metadata(settings)}};
}

std::vector<Published> all_published() {
    return {srresnet(), compact(), span(), esrgan(6), esrgan(23)};
}

nn::Program program_of(const Published& published) {
    Shapes shapes;
    for (const auto& [name, tensor] : published.content.tensors) {
        shapes[name] = tensor.sizes().vec();
    }
    const auto found = find_architecture(shapes, published.content.metadata);
    if (!found) throw Error(ErrorKind::internal, published.file, "belongs to no architecture");
    return found->architecture->build(published.content.tensors, published.content.metadata)
        .program;
}

void compare(const Published& published, int side) {
    const nn::Program program = program_of(published);
    const auto fp32 = nn::make_program_network(program, torch::kCPU, torch::kFloat32);
    const auto bf16 = nn::make_program_network(program, torch::kCPU, torch::kBFloat16);
    const auto input = torch::rand({1, 3, side, side});
    const auto channels_last = input.contiguous(torch::MemoryFormat::ChannelsLast);
    const int cores = physical_cores();
    std::vector<Way> ways{
        {"libtorch, fp32", cores, [&] { nn::run_reference(program, input); }},
        {"engine, fp32", cores, [&] { fp32->forward(channels_last); }},
    };
    if (processor_has_bf16()) {
        ways.push_back({"engine, bf16", cores, [&] { bf16->forward(channels_last); }});
    }
    bench::measure(ways, kRounds);
    for (const Way& way : ways) {
        std::printf("%-34s %4d  %-16s %2d threads %9.1f ms  %5.2f times the first\n",
                    published.words.c_str(), side, way.name.c_str(), way.threads,
                    1e3 * way.median(), ways.front().median() / way.median());
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const torch::InferenceMode inference;
    torch::manual_seed(1);
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words[0] == "--write") {
        for (const Published& published : all_published()) {
            write_safetensors(std::filesystem::path(words[1]) / (published.file + ".safetensors"),
                              published.content);
        }
        return 0;
    }
    std::vector<int> sides;
    for (const std::string& word : words) sides.push_back(std::atoi(word.c_str()));
    if (sides.empty()) sides = {128, 256};
    for (const int side : sides) {
        if (side < 1) {
            std::fputs("usage: sisr-bench-published [--write FOLDER] [SIDE...]\n", stderr);
            return 2;
        }
        for (const Published& published : all_published()) compare(published, side);
    }
    return 0;
}
