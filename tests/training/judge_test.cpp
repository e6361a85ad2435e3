#include "ship/judge_fit.h"

#include "data/patch_pair.h"
#include "formats/safetensors.h"
#include "ship/export.h"

#include "support/images.h"
#include "support/models.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace sisr::test {
namespace {

using namespace sisr::training;

constexpr std::int64_t kFeatures = 6;
const std::vector<InputKind> kAll{InputKind::clean, InputKind::damaged, InputKind::heavily_damaged};

/// Pictures whose second feature tells which weights are best: above 1 those for clean, below -1
/// those for heavily damaged input. The scale and place of the features are of no matter.
std::vector<JudgedPicture> make_pictures(int count, int seed) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    std::vector<JudgedPicture> pictures;
    for (int i = 0; i < count; ++i) {
        const auto features = 2 * torch::randn({kFeatures});
        const auto truth = features[1].item<double>();
        JudgedPicture picture{30 + 7 * features, {}};
        picture.loss.at(judge_row(InputKind::clean)) = std::max(0.0, 1 - truth);
        picture.loss.at(judge_row(InputKind::damaged)) = std::max(0.0, std::abs(truth) - 1);
        picture.loss.at(judge_row(InputKind::heavily_damaged)) = std::max(0.0, truth + 1);
        pictures.push_back(picture);
    }
    return pictures;
}

double mean_of(const std::vector<JudgedPicture>& pictures, InputKind kind) {
    double sum = 0;
    for (const auto& picture : pictures) sum += picture.loss.at(judge_row(kind));
    return sum / static_cast<double>(pictures.size());
}

TEST(JudgeFit, FindsWhatTellsTheKinds) {
    const Tensors judge = fit_judge(make_pictures(300, 1), kAll, 1e-5);
    const auto others = make_pictures(200, 2);
    const double loss = mean_loss(others, kAll, judge);
    EXPECT_LT(loss, 0.05);
    for (const InputKind kind : kAll) EXPECT_GT(mean_of(others, kind), 0.5);
}

TEST(JudgeFit, StrongDecayMakesItTakeTheSafeOne) {
    const Tensors judge = fit_judge(make_pictures(300, 1), kAll, 1e6);
    const auto others = make_pictures(200, 2);
    const double loss = mean_loss(others, kAll, judge);
    EXPECT_NEAR(loss, mean_of(others, InputKind::damaged), 1e-9);
}

TEST(JudgeFit, LeavesKindsWithoutWeightsOut) {
    const std::vector<InputKind> two{InputKind::clean, InputKind::damaged};
    const Tensors judge = fit_judge(make_pictures(100, 1), two, 1e-4);
    const int heavy = judge_row(InputKind::heavily_damaged);
    EXPECT_EQ(judge.at("weight")[heavy].abs().sum().item<double>(), 0);
    EXPECT_EQ(judge.at("bias")[heavy].item<double>(), 0);
    EXPECT_GT(judge.at("weight")[judge_row(InputKind::clean)].abs().sum().item<double>(), 0);
    EXPECT_THROW(fit_judge(make_pictures(1, 1), two, 1e-4), Error);
}

TEST(JudgeSampler, TellsWhatEachKindsWeightsCost) {
    const TempDir folder;
    const auto settings = SrResNetSettings::compact(2, 8, 1);
    Tensors weights = random_weights(settings);
    weights.at("tail.weight").zero_();
    weights.at("tail.bias").zero_();  // plain enlargement
    export_model(folder / "any.safetensors", weights, settings, {});
    weights.at("tail.bias").fill_(0.3);
    export_model(folder / "clean.safetensors", weights, settings, {});
    TensorFile both = read_safetensors(folder / "any.safetensors");
    add_special(both, read_safetensors(folder / "clean.safetensors"), kSpecialFormats[0]);
    write_safetensors(folder / "both.safetensors", both);
    write_image(folder / "photo.png", scene({200, 160, 3, false, Encoding::display}));

    const Model model = Model::load(folder / "both.safetensors");
    const auto clean = Degradation::parse("", 2);
    const JudgeSampler sampler(model, clean, 48);
    const PatchSource source({folder / "photo.png"}, pair_source_options(clean, 48),
                             [](const std::string&) {});
    const auto picture = sampler.sample(source, sample_rng(1, 0, 0)).value();
    EXPECT_EQ(picture.loss.at(judge_row(InputKind::damaged)), 0);
    EXPECT_GT(picture.loss.at(judge_row(InputKind::clean)), 3);
    EXPECT_EQ(picture.loss.at(judge_row(InputKind::heavily_damaged)), 0) << "no such weights";
    EXPECT_EQ(picture.description.sizes(), torch::IntArrayRef({16}));
    const auto again = sampler.sample(source, sample_rng(1, 0, 0)).value();
    EXPECT_TRUE(torch::equal(again.description, picture.description));
    EXPECT_EQ(kinds_of(model), (std::vector<InputKind>{InputKind::clean, InputKind::damaged}));
}

}  // namespace
}  // namespace sisr::test
