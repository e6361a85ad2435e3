#include "formats/canonical_names.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

using Names = std::vector<std::string>;

Names canonical(const std::vector<TensorPath>& paths) {
    Names names;
    for (const auto& item : canonical_names(paths)) names.push_back(item.first);
    return names;
}

/// Of one dictionary.
Names flat(const Names& names) {
    std::vector<TensorPath> paths;
    for (const auto& name : names) paths.push_back({name});
    return canonical(paths);
}

TEST(CanonicalNames, PlainNamesStay) {
    EXPECT_EQ(flat(Names{"body.0.weight", "conv_first.bias"}),
              (Names{"body.0.weight", "conv_first.bias"}));
    EXPECT_EQ(flat(Names{"weight"}), (Names{"weight"}));
    EXPECT_TRUE(flat(Names{}).empty());
}

TEST(CanonicalNames, AveragedWeightsArePreferred) {
    EXPECT_EQ(canonical({{"params", "a.weight"}, {"params_ema", "b.weight"}}), (Names{"b.weight"}));
    EXPECT_EQ(canonical({{"g_ema", "b.weight"}, {"generator", "a.weight"}}), (Names{"b.weight"}));
    // A count of steps is no network.
    EXPECT_EQ(
        canonical(
            {{"ema", "step"}, {"params", "a.weight"}, {"params", "a.bias"}, {"params", "b.bias"}}),
        (Names{"a.bias", "a.weight", "b.bias"}));
}

TEST(CanonicalNames, DictionariesRoundTheWeightsAreTakenOff) {
    EXPECT_EQ(canonical({{"state_dict", "net.conv.weight"}, {"optimizer_states", "0", "exp_avg"}}),
              (Names{"conv.weight"}));
    EXPECT_EQ(canonical({{"checkpoint", "model", "module.conv.weight"}}), (Names{"conv.weight"}));
    EXPECT_EQ(canonical({{"conv.weight"}, {"optimizer", "state", "exp_avg"}}),
              (Names{"conv.weight"}));
    EXPECT_EQ(canonical({{"first", "a"}, {"second", "b"}}), (Names{"first.a", "second.b"}));
}

TEST(CanonicalNames, PrefixesOfAllNamesAreTakenOff) {
    EXPECT_EQ(flat(Names{"module.netG.a.weight", "module.netG.b.bias"}),
              (Names{"a.weight", "b.bias"}));
    EXPECT_EQ(flat(Names{"model.conv_first.weight", "model.body.0.weight"}),
              (Names{"body.0.weight", "conv_first.weight"}));
    EXPECT_EQ(flat(Names{"module.conv.weight", "n_averaged"}),
              (Names{"conv.weight", "n_averaged"}));
    EXPECT_EQ(flat(Names{"module.conv.weight", "other.bias"}),
              (Names{"module.conv.weight", "other.bias"}));
}

TEST(CanonicalNames, ANameOfNothingButPrefixesTakesNoTime) {
    std::string name;
    for (int i = 0; i < 500'000; ++i) name += "G.";
    const std::string found = flat(Names{name + "x.weight"}).front();
    EXPECT_LT(found.size(), name.size());
    EXPECT_GT(found.size(), name.size() - 100);
}

TEST(CanonicalNames, OldNamesOfEsrganAreNames) {
    const Names old{"model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight", "model.3.weight"};
    EXPECT_EQ(flat(old), old);
    EXPECT_EQ(canonical({{"model", "model.0.weight"}, {"model", "model.1.sub.0.weight"}}),
              (Names{"model.0.weight", "model.1.sub.0.weight"}));
    EXPECT_EQ(flat(Names{"module.0.weight"}), (Names{"0.weight"}));
}

TEST(CanonicalNames, OfSeveralNetworksTheGeneratorIsTaken) {
    EXPECT_EQ(flat(Names{"generator.a.weight", "discriminator.b.weight", "vgg.0.weight"}),
              (Names{"a.weight"}));
    EXPECT_EQ(flat(Names{"net_g.a.weight", "net_g_ema.a.bias", "net_d.b.weight", "step"}),
              (Names{"a.bias"}));
    EXPECT_EQ(canonical({{"netG", "a.weight"}, {"netD", "b.weight"}}), (Names{"a.weight"}));
}

}  // namespace
}  // namespace sisr::test
