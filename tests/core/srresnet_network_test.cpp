#include "architectures/srresnet/srresnet.h"
#include "engine/device.h"
#include "nn/module_tensors.h"

#include <gtest/gtest.h>

#include <thread>

namespace sisr::test {
namespace {

float largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<float>();
}

/// The same random weights as a module and in the engine.
struct Networks {
    explicit Networks(const SrResNetSettings& settings,
                      torch::ScalarType precision = torch::kFloat32)
        : module(settings) {
        module->eval();
        network = srresnet_architecture().build(
            module_tensors(*module), srresnet_metadata(settings), torch::kCPU, precision);
    }

    SrResNet module;
    std::unique_ptr<Network> network;
};

TEST(SrResNetNetwork, ComputesWhatTheModuleDoes) {
    const torch::InferenceMode inference;
    torch::manual_seed(1);
    for (const int colour : {1, 3}) {
        for (const auto& [scale, channels, blocks] :
             {std::tuple{4, 8, 2}, {2, 48, 3}, {1, 12, 1}, {3, 20, 2}}) {
            auto settings = SrResNetSettings::compact(scale, channels, blocks);
            settings.colour_channels = colour;
            const Networks networks(settings);
            auto module = networks.module;
            const auto& network = networks.network;
            // One network, shapes that change and come back; batches too.
            for (const auto& [n, h, w] :
                 {std::tuple{1, 17, 9}, {2, 8, 31}, {1, 1, 1}, {1, 17, 9}, {1, 40, 3}}) {
                const auto input = torch::rand({n, colour, h, w});
                EXPECT_LT(largest_difference(network->forward(input), module->forward(input)), 1e-5)
                    << scale << " " << channels << " " << n << "x" << h << "x" << w;
            }
        }
    }
}

/// Wide and high enough for several strips of the engine's own size.
TEST(SrResNetNetwork, StripsFitTogether) {
    const torch::InferenceMode inference;
    torch::manual_seed(5);
    const auto settings = SrResNetSettings::compact(2, 64, 2);
    const Networks networks(settings);
    auto module = networks.module;
    const auto& network = networks.network;
    for (const auto& [h, w] :
         {std::pair{70, 1100}, {3, 1500}, {19, 513}, {300, 41}, {300, 1}, {40, 1019}}) {
        const auto input = torch::rand({1, 3, h, w});
        EXPECT_LT(largest_difference(network->forward(input), module->forward(input)), 1e-5)
            << h << "x" << w;
    }
}

TEST(SrResNetNetwork, Bf16StaysNearFp32) {
    if (!processor_computes_bf16()) GTEST_SKIP() << "this processor does not compute in bf16";
    const torch::InferenceMode inference;
    torch::manual_seed(2);
    const auto settings = SrResNetSettings::compact(4, 48, 8);
    const Networks networks(settings, torch::kBFloat16);
    auto module = networks.module;
    const auto& network = networks.network;
    const auto input = torch::rand({1, 3, 40, 50});
    const auto difference = (network->forward(input) - module->forward(input)).abs();
    EXPECT_LT(difference.max().item<float>(), 2e-2);
    EXPECT_LT(difference.mean().item<float>(), 2e-3);
}

TEST(SrResNetNetwork, MoreShapesThanAreKept) {
    const torch::InferenceMode inference;
    torch::manual_seed(3);
    const auto settings = SrResNetSettings::compact(2, 8, 1);
    const Networks networks(settings);
    auto module = networks.module;
    const auto& network = networks.network;
    for (int round = 0; round < 2; ++round) {
        for (int w = 1; w < 40; ++w) {
            const auto input = torch::rand({1, 3, 5, w});
            ASSERT_LT(largest_difference(network->forward(input), module->forward(input)), 1e-5)
                << w;
        }
    }
}

TEST(SrResNetNetwork, ThreadsTakeTurns) {
    torch::manual_seed(4);
    const auto settings = SrResNetSettings::compact(2, 16, 2);
    const Networks networks(settings);
    auto module = networks.module;
    const auto& network = networks.network;
    std::vector<float> differences(3);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&, t] {
            const torch::InferenceMode inference;
            auto own = module;
            for (int i = 0; i < 20; ++i) {
                const auto input = torch::rand({1, 3, 8 + t, 8 + i});
                differences[t] =
                    std::max(differences[t],
                             largest_difference(network->forward(input), own->forward(input)));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (const float difference : differences) EXPECT_LT(difference, 1e-5);
}

}  // namespace
}  // namespace sisr::test
