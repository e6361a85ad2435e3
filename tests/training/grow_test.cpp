#include "optimise/grow.h"
#include "architectures/srresnet/srresnet.h"
#include "nn/module_tensors.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

SrResNet make_network(int scale, int channels, int blocks, bool paper = false) {
    auto settings =
        paper ? SrResNetSettings::paper(scale) : SrResNetSettings::compact(scale, channels, blocks);
    settings.channels = channels;
    settings.blocks = blocks;
    SrResNet network(settings);
    network->eval();
    return network;
}

Tensors grown_from(SrResNet& large, SrResNet& small) {
    return training::grow_weights(module_tensors(*large), module_tensors(*small));
}

TEST(GrowTest, AWiderAndDeeperNetworkComputesTheSame) {
    const torch::InferenceMode inference;
    const auto input = torch::rand({1, 3, 12, 10});
    for (const bool paper : {false, true}) {
        torch::manual_seed(3);
        SrResNet small = make_network(4, 8, 2, paper);
        SrResNet large = make_network(4, 12, 5, paper);
        const auto wanted = small->forward(input);
        EXPECT_FALSE(torch::allclose(large->forward(input), wanted, 1e-3, 1e-3));
        load_tensors(*large, grown_from(large, small));
        EXPECT_TRUE(torch::allclose(large->forward(input), wanted, 1e-4, 1e-5)) << paper;
    }
}

TEST(GrowTest, NewChannelsAndBlocksCanLearn) {
    torch::manual_seed(4);
    SrResNet small = make_network(2, 8, 2);
    SrResNet large = make_network(2, 12, 3);
    load_tensors(*large, grown_from(large, small));
    large->train();
    torch::l1_loss(large->forward(torch::rand({1, 3, 12, 10})), torch::rand({1, 3, 24, 20}))
        .backward();
    const auto gradient_of = [&large](const char* name) {
        return large->named_parameters()[name].grad();
    };
    // Weights from the new channels to the known ones, and the new block's last layer.
    EXPECT_GT(gradient_of("trunk.weight").slice(0, 0, 8).slice(1, 8).abs().max().item<float>(), 0);
    EXPECT_GT(gradient_of("body.2.conv2.weight").abs().max().item<float>(), 0);
}

TEST(GrowTest, AnotherScaleKeepsTheBodyOnly) {
    torch::manual_seed(5);
    SrResNet known = make_network(4, 8, 2);
    SrResNet other = make_network(2, 8, 2);
    const Tensors grown = grown_from(other, known);
    const Tensors before = module_tensors(*known);
    const Tensors fresh = module_tensors(*other);
    EXPECT_TRUE(torch::equal(grown.at("body.1.conv1.weight"), before.at("body.1.conv1.weight")));
    EXPECT_EQ(grown.at("tail.weight").sizes(), fresh.at("tail.weight").sizes());
    EXPECT_TRUE(torch::equal(grown.at("tail.weight"), fresh.at("tail.weight")));
}

}  // namespace
}  // namespace sisr::test
