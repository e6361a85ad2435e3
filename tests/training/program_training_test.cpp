#include "architectures/registry.h"
#include "architectures/shape_reader.h"
#include "formats/model_file.h"
#include "formats/safetensors.h"
#include "objectives/pixel_objective.h"
#include "optimise/network_spec.h"
#include "optimise/new_network.h"
#include "ship/export.h"

#include "support/alone.h"
#include "support/batches.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

NewNetwork small(const std::string& architecture) {
    NewNetwork network;
    network.architecture = architecture;
    network.scale = 2;
    network.channels = 12;
    network.blocks = architecture == "span" ? 6 : 2;
    return network;
}

Tensors weights_of(const NewNetwork& network) {
    torch::manual_seed(5);
    return new_weights(network);
}

/// The same few pixels over and over.
Batch one_batch(int scale) {
    torch::manual_seed(9);
    const auto coarse = torch::rand({2, 3, 6, 6});
    const auto truth = torch::upsample_bilinear2d(coarse, {12 * scale, 12 * scale}, false);
    return {torch::adaptive_avg_pool2d(truth, {12, 12}), truth};
}

class NewNetworkTest : public ::testing::TestWithParam<std::string> {};

TEST_P(NewNetworkTest, IsReadAsItsArchitectureAtEachScale) {
    for (const int scale : {1, 2, 3, 4}) {
        if (GetParam() == "rrdb" && scale == 3) continue;
        NewNetwork network = small(GetParam());
        network.scale = scale;
        const NetworkSpec spec = NetworkSpec::of_program(weights_of(network), {});
        EXPECT_EQ(spec.scale, scale);
        EXPECT_EQ(spec.colour_channels, 3);
        EXPECT_EQ(network_metadata(spec).at("sisr.program"), spec.program->id);
    }
}

TEST_P(NewNetworkTest, Learns) {
    const Tensors weights = weights_of(small(GetParam()));
    GeneratorOptions options;
    options.initial = weights;
    PixelObjective objective(NetworkSpec::of_program(weights, {}), options, alone());
    const Batch batch = one_batch(2);
    const double first = objective.step(batch, 1e-3).at("mae");
    double last = first;
    for (int i = 0; i < 60; ++i) last = objective.step(batch, 1e-3).at("mae");
    EXPECT_LT(last, 0.6 * first);
    // All that is learned has moved, and nothing else.
    for (const auto& [name, tensor] : objective.averaged()) {
        const bool is_word = name == "no_norm";
        EXPECT_EQ(torch::equal(tensor, weights.at(name)), is_word) << name;
    }
}

TEST_P(NewNetworkTest, IsExportedByTheNamesThatOthersKnow) {
    const Tensors weights = weights_of(small(GetParam()));
    const NetworkSpec spec = NetworkSpec::of_program(weights, {});
    const TempDir folder;
    ModelCard card;
    card.name = "mine";
    export_model(folder / "mine.safetensors", weights, spec, card);
    const TensorFile file = read_model_file(folder / "mine.safetensors");
    for (const auto& [name, tensor] : weights) {
        ASSERT_EQ(file.tensors.count(name), 1U) << name;
        EXPECT_EQ(file.tensors.at(name).sizes(), tensor.sizes());
    }
    EXPECT_EQ(file.tensors.size(), weights.size());
    const Model model = Model::load(folder / "mine.safetensors");
    EXPECT_EQ(model.info().scale, 2);
    EXPECT_EQ(model.info().name, "mine");
    EXPECT_EQ(model.info().architecture, spec.program->id);
}

TEST_P(NewNetworkTest, GoesOnAsIfItHadNotStopped) {
    const Tensors weights = weights_of(small(GetParam()));
    const NetworkSpec spec = NetworkSpec::of_program(weights, {});
    GeneratorOptions options;
    options.initial = weights;
    const Batch batch = one_batch(2);
    PixelObjective straight(spec, options, alone());
    const TempDir folder;
    for (int i = 0; i < 6; ++i) {
        if (i == 3) {
            TensorFile checkpoint;
            straight.save(checkpoint);
            write_safetensors(folder / "checkpoint.safetensors", checkpoint);
        }
        straight.step(batch, 1e-3);
    }
    PixelObjective resumed(spec, options, alone());
    resumed.load(read_safetensors(folder / "checkpoint.safetensors"));
    for (int i = 3; i < 6; ++i) resumed.step(batch, 1e-3);
    for (const auto& [name, tensor] : straight.averaged()) {
        EXPECT_TRUE(torch::equal(tensor, resumed.averaged().at(name))) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Architectures, NewNetworkTest, ::testing::ValuesIn(new_architectures()));

TEST(NetworkSpecTest, RefusesWhatCannotBeTrained) {
    EXPECT_THROW(NetworkSpec::of_program({{"a.weight", torch::zeros({2, 2})}}, {}), Error);
    NewNetwork network = small("rrdb");
    network.scale = 3;
    EXPECT_THROW(new_weights(network), Error);
    network = small("span");
    network.blocks = 4;
    EXPECT_THROW(new_weights(network), Error);
}

}  // namespace
}  // namespace sisr::test
