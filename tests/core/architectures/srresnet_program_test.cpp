#include "architectures/registry.h"
#include "architectures/shape_reader.h"
#include "architectures/srresnet/srresnet.h"
#include "core/nn/program_gradient.h"
#include "nn/module_tensors.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

SrResNetSettings paper(int scale) {
    auto settings = SrResNetSettings::paper(scale);
    settings.channels = 8;
    settings.blocks = 2;
    return settings;
}

/// Every kind: both ways of enlarging, each skip, batch norm or none.
std::vector<SrResNetSettings> variants() {
    std::vector<SrResNetSettings> all;
    for (const int scale : {1, 2, 3, 4}) {
        all.push_back(SrResNetSettings::compact(scale, 16, 3));
        all.push_back(paper(scale));
    }
    all.push_back(SrResNetSettings::compact(2, 8, 2));
    all.back().input_skip = InputSkip::bilinear;
    all.push_back(SrResNetSettings::compact(4, 8, 2));
    all.back().activation = Activation::prelu;
    all.back().input_skip = InputSkip::none;
    all.back().colour_channels = 1;
    all.push_back(paper(4));
    all.back().batch_norm = false;
    all.back().input_skip = InputSkip::nearest;
    return all;
}

/// Statistics of batch norm and slopes are no trivial ones.
void randomise(SrResNet& network) {
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : module_tensors(*network)) {
        if (tensor.dim() != 1 || !tensor.is_floating_point()) continue;
        tensor.add_(0.2 * torch::rand_like(tensor));
    }
    network->eval();
}

TEST(SrResNetProgram, ComputesWhatTheModuleDoes) {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(3);
    for (const SrResNetSettings& settings : variants()) {
        SrResNet network(settings);
        randomise(network);
        const Tensors tensors = module_tensors(*network);
        const Metadata metadata = srresnet_metadata(settings);
        const auto found = find_architecture(shapes_of(tensors), metadata);
        ASSERT_TRUE(found);
        EXPECT_STREQ(found->architecture->id, "srresnet");
        EXPECT_EQ(found->spec.scale, settings.scale);
        const Built built = found->architecture->build(tensors, metadata);
        EXPECT_TRUE(built.unused.empty());
        const auto input = torch::rand({2, settings.colour_channels, 11, 14});
        const auto expected = network->forward(input);
        const auto difference = (nn::run_reference(built.program, input) - expected).abs().max();
        EXPECT_LT(difference.item<double>(), 1e-5) << settings.scale;
    }
}

}  // namespace
}  // namespace sisr::test
