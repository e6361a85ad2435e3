#include "objectives/teacher.h"
#include "engine/self_ensemble.h"
#include "objectives/pixel_objective.h"

#include "support/alone.h"
#include "support/batches.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

torch::Tensor enlarged(const torch::Tensor& lr) {
    return lr.repeat_interleave(4, 2).repeat_interleave(4, 3);
}

/// Enlarges by repetition and adds its own wrong gradient, the same whichever way the input lies.
class OneSided final : public Network {
public:
    torch::Tensor forward(const torch::Tensor& input) const override {
        const torch::InferenceMode inference;
        const auto large = enlarged(input);
        const auto slope = torch::linspace(-0.2, 0.2, large.size(3)).reshape({1, 1, 1, -1});
        return large + slope;
    }
};

TEST(OrientTest, TurnsBackWhatItTurned) {
    const auto image = torch::rand({2, 3, 5, 7});
    for (int a = 0; a < kOrientations; ++a) {
        EXPECT_TRUE(torch::equal(orient_back(orient(image, a), a), image)) << a;
        for (int b = 0; b < a; ++b) {
            const auto one = orient(image, a);
            const auto other = orient(image, b);
            EXPECT_FALSE(one.sizes() == other.sizes() && torch::equal(one, other)) << a << b;
        }
    }
}

TEST(TeacherTest, MovesTheTruthByItsShareAndLearnsNothingOfOneSide) {
    const Batch batch = random_batch(3);
    const Teacher none;
    EXPECT_TRUE(torch::equal(none.target(batch.lr, batch.hr, 1), batch.hr));
    const Teacher teacher{std::make_shared<OneSided>(), 0.25};
    torch::Tensor sum = torch::zeros_like(batch.hr);
    for (int orientation = 0; orientation < kOrientations; ++orientation) {
        const auto target = teacher.target(batch.lr, batch.hr, orientation);
        EXPECT_FALSE(torch::allclose(target, batch.hr, 1e-3, 1e-3));
        sum += target;
    }
    // What is wrong with one side of a result is gone from the mean of all orientations.
    const auto wanted = 0.75 * batch.hr + 0.25 * enlarged(batch.lr);
    EXPECT_TRUE(torch::allclose(sum / kOrientations, wanted, 1e-4, 1e-5));
}

TEST(TeacherTest, AStudentComesToDoWhatItDoes) {
    const auto settings = SrResNetSettings::compact(4, 8, 2);
    GeneratorOptions options;
    options.optimizer = Optimizer::adam;
    options.seed = 5;
    const Teacher teacher{std::make_shared<OneSided>(), 1};
    PixelObjective taught(settings, options, alone(), PixelLoss::mae, teacher);
    // The truth is noise about what the teacher repeats: only the distance to that falls far.
    const auto first = taught.step(random_batch(0), 3e-3);
    Losses last;
    for (int i = 1; i <= 200; ++i) last = taught.step(random_batch(i), 3e-3);
    EXPECT_LT(last.at("mae"), 0.8 * first.at("mae"));
    EXPECT_GT(last.at("truth_mae"), 2 * last.at("mae"));
}

TEST(TeacherTest, AResumedRunSeesTheSameOrientations) {
    const auto settings = SrResNetSettings::compact(4, 8, 2);
    const Teacher teacher{std::make_shared<OneSided>(), 0.8};
    PixelObjective whole(settings, {}, alone(), PixelLoss::psnr, teacher);
    for (int i = 0; i < 3; ++i) whole.step(random_batch(i), 1e-3);
    TensorFile checkpoint;
    whole.save(checkpoint);
    for (auto& item : checkpoint.tensors) item.second = item.second.clone();
    PixelObjective resumed(settings, {}, alone(), PixelLoss::psnr, teacher);
    resumed.load(checkpoint);
    for (int i = 3; i < 6; ++i) {
        EXPECT_EQ(whole.step(random_batch(i), 1e-3), resumed.step(random_batch(i), 1e-3)) << i;
    }
}

}  // namespace
}  // namespace sisr::test
