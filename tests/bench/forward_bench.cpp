/// Speed of the network as ratios.
///   sisr-bench [SIDE...]   width and height of the inputs, by default 64, 256 and 512 pixels
#include "architectures/srresnet/srresnet.h"
#include "bench/ways.h"
#include "nn/module_tensors.h"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace sisr;
using bench::Way;

constexpr int kRounds = 9;

/// The compact network on a square input: libtorch's own way, and the engine's.
void compare(int side) {
    const auto settings = SrResNetSettings::compact(4, 48, 8);
    SrResNet plain(settings);
    plain->eval();
    const Tensors weights = module_tensors(*plain);
    const Metadata metadata = srresnet_metadata(settings);
    const LegacyArchitecture& architecture = srresnet_architecture();
    const auto fp32 = architecture.build(weights, metadata, torch::kCPU, torch::kFloat32);
    const auto bf16 = architecture.build(weights, metadata, torch::kCPU, torch::kBFloat16);
    const auto input = torch::rand({1, 3, side, side});
    const auto channels_last = input.contiguous(torch::MemoryFormat::ChannelsLast);

    const auto use_plain = [&] { plain->forward(input); };
    const auto use_fp32 = [&] { fp32->forward(channels_last); };
    const auto use_bf16 = [&] { bf16->forward(channels_last); };
    const int cores = physical_cores();
    std::vector<Way> ways{{"libtorch as it starts: fp32, NCHW, 1 thread", 1, use_plain},
                          {"engine, fp32", 1, use_fp32}};
    if (cores > 1) ways.push_back({"engine, fp32", cores, use_fp32});
    if (processor_has_bf16()) {
        ways.push_back({"engine, bf16", 1, use_bf16});
        if (cores > 1) ways.push_back({"engine, bf16", cores, use_bf16});
    }
    bench::measure(ways, kRounds);

    const double base = ways.front().median();
    std::printf("compact network (48 channels, 8 blocks, x4), %dx%d input, median of %d rounds\n",
                side, side, kRounds);
    for (const Way& way : ways) {
        std::printf("%-46s %2d thread%s  %7.1f ms  %5.2f times the first\n", way.name.c_str(),
                    way.threads, way.threads == 1 ? " " : "s", 1e3 * way.median(),
                    base / way.median());
    }
}

}  // namespace

int main(int argc, char** argv) {
    const torch::InferenceMode inference;
    std::vector<int> sides;
    for (int i = 1; i < argc; ++i) sides.push_back(std::atoi(argv[i]));
    if (sides.empty()) sides = {64, 256, 512};
    for (const int side : sides) {
        if (side < 1) return std::fputs("usage: sisr-bench [SIDE...]\n", stderr), 2;
        compare(side);
    }
    return 0;
}
