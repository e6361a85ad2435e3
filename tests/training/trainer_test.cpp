#include "run/trainer.h"
#include "architectures/srresnet/srresnet.h"
#include "nn/conv/convolve.h"
#include "nn/module_tensors.h"
#include "objectives/pixel_objective.h"
#include "optimise/autocast.h"
#include "optimise/ema.h"
#include "optimise/schedule.h"
#include "run/checkpoint.h"

#include "support/alone.h"
#include "support/batches.h"
#include "support/images.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

SrResNetSettings small_network(bool batch_norm) {
    auto settings = SrResNetSettings::compact(4, 8, 2);
    settings.batch_norm = batch_norm;
    return settings;
}

TEST(Schedule, WarmsUpAndFallsToTheEnd) {
    Schedule schedule;
    schedule.peak = 1e-3;
    schedule.final = 1e-6;
    schedule.warmup = 10;
    schedule.iterations = 110;
    EXPECT_NEAR(schedule.rate(0), 1e-4, 1e-12);
    EXPECT_NEAR(schedule.rate(9), 1e-3, 1e-12);
    EXPECT_NEAR(schedule.rate(10), 1e-3, 1e-12);
    EXPECT_NEAR(schedule.rate(60), 0.5 * (1e-3 + 1e-6), 1e-9);
    EXPECT_NEAR(schedule.rate(110), 1e-6, 1e-12);
    for (int step = 11; step < 110; ++step) EXPECT_LE(schedule.rate(step), schedule.rate(step - 1));
    schedule.warmup = 0;
    EXPECT_NEAR(schedule.rate(0), 1e-3, 1e-9);
}

TEST(EmaTest, FollowsAndSettles) {
    SrResNet module(small_network(false));
    const torch::NoGradGuard no_grad;
    for (auto& parameter : module->parameters()) parameter.fill_(1);
    Ema ema(*module, 0.9);
    for (auto& parameter : module->parameters()) parameter.fill_(2);
    double expected = 1;
    for (int n = 0; n < 200; ++n) {
        const double decay = std::min(0.9, (1.0 + n) / (10.0 + n));
        expected = decay * expected + (1 - decay) * 2;
        ema.update(*module);
        if (n < 3 || n == 199) {
            EXPECT_NEAR(ema.tensors().at("head.weight").mean().item<double>(), expected, 1e-4) << n;
        }
    }
    EXPECT_NEAR(expected, 2, 1e-6);
}

TEST(PixelObjectiveTest, TheLossFallsInBothPrecisions) {
    for (const bool bf16 : {false, true}) {
        GeneratorOptions options;
        options.bf16 = bf16;
        PixelObjective objective(small_network(false), options, alone());
        const Batch batch = random_batch(1);
        const double before = objective.step(batch, 1e-3).at("mae");
        double after = before;
        for (int i = 0; i < 60; ++i) after = objective.step(batch, 1e-3).at("mae");
        EXPECT_LT(after, 0.97 * before) << bf16;
    }
}

TEST(AutocastScopeTest, TakesPrecedenceOverFloatLoops) {
    const AutocastScope autocast(true, torch::kCPU);
    const auto weight = torch::randn({48, 48, 3, 3});
    const auto input = torch::randn({1, 48, 8, 8}).contiguous(torch::MemoryFormat::ChannelsLast);
    EXPECT_EQ(convolve(input, weight, {}).scalar_type(), torch::kBFloat16);
}

TEST(PixelObjectiveTest, RelativeWeightsMakeSmallErrorsCount) {
    // Inputs that miss the truth by .2 and .02; results that miss it by half as much.
    const auto truth = torch::full({2, 3, 4, 4}, 0.5F);
    const auto miss = torch::tensor({0.2F, 0.02F}).reshape({2, 1, 1, 1});
    const auto lr = truth + miss;
    const auto made = torch::stack({truth[0] + 0.1, truth[1] + 0.01}).set_requires_grad(true);
    const auto share_of_second = [&](PixelLoss loss) {
        made.mutable_grad() = torch::Tensor();
        pixel_loss(loss, made, truth, lr).backward();
        const auto sums = made.grad().abs().sum({1, 2, 3});
        return (sums[1] / sums[0]).item<double>();
    };
    EXPECT_NEAR(share_of_second(PixelLoss::mae), 1, 1e-4);
    constexpr double kLeast = 0.5 / 255;
    EXPECT_NEAR(share_of_second(PixelLoss::relative), (0.2 + kLeast) / (0.02 + kLeast), 1e-3);
    // As large as without weights when all inputs miss alike, and of a reduced input too.
    const auto alike = torch::full({2, 3, 2, 2}, 0.6F);
    EXPECT_NEAR(pixel_loss(PixelLoss::relative, made, truth, alike).item<double>(),
                torch::l1_loss(made, truth).item<double>(), 1e-6);
}

TEST(PixelObjectiveTest, LogErrorIsOfLumaAndOfAllColours) {
    const auto truth = torch::full({2, 3, 4, 4}, 0.5F);
    auto made = truth.clone();
    made[0] += 0.1;               // grey: luma and colours miss by as much
    made.select(1, 2)[1] += 0.1;  // blue alone, .114 of luma
    constexpr double kLeast = (2.0 / 255) * (2.0 / 255);
    const double grey = std::log(0.01 + kLeast);
    const double blue = std::log(0.01 * (0.8 * 0.114 * 0.114 + 0.2 / 3) + kLeast);
    EXPECT_NEAR(pixel_loss(PixelLoss::psnr, made, truth, truth).item<double>(), (grey + blue) / 2,
                1e-4);
    const auto one = torch::full({1, 1, 4, 4}, 0.5F);
    EXPECT_NEAR(pixel_loss(PixelLoss::psnr, one + 0.1, one, one).item<double>(), grey, 1e-4);
}

TEST(PixelObjectiveTest, NotANumberChangesNothing) {
    for (const bool batch_norm : {false, true}) {
        PixelObjective objective(small_network(batch_norm), {}, alone());
        objective.step(random_batch(1), 1e-3);
        TensorFile before;
        objective.save(before);
        for (auto& item : before.tensors) item.second = item.second.clone();
        for (const bool in_input : {false, true}) {
            Batch bad = random_batch(2);
            (in_input ? bad.lr : bad.hr)[0][0][0][0] = NAN;
            EXPECT_FALSE(is_finite(objective.step(bad, 1e-3)));
            TensorFile after;
            objective.save(after);
            for (const auto& [name, tensor] : before.tensors) {
                EXPECT_TRUE(torch::equal(tensor, after.tensors.at(name))) << name;
            }
        }
    }
}

TEST(PixelObjectiveTest, StartsFromGivenWeights) {
    PixelObjective first(small_network(false), {}, alone());
    for (int i = 0; i < 5; ++i) first.step(random_batch(i), 1e-3);
    GeneratorOptions options;
    options.seed = 7;
    options.initial = first.averaged();
    const PixelObjective same(small_network(false), options, alone());
    for (const auto& [name, tensor] : first.averaged()) {
        EXPECT_TRUE(torch::equal(tensor, same.averaged().at(name))) << name;
    }
    auto twice = small_network(false);
    twice.scale = 2;
    const PixelObjective other(twice, options, alone());
    EXPECT_TRUE(
        torch::equal(first.averaged().at("head.weight"), other.averaged().at("head.weight")));
    EXPECT_NE(first.averaged().at("tail.weight").sizes(),
              other.averaged().at("tail.weight").sizes());
}

/// Fails from a step on, as long as the rate is above a limit.
class FragileObjective final : public Objective {
public:
    Losses step(const Batch&, double rate) override {
        rates.push_back(rate);
        const bool fails = static_cast<std::int64_t>(++steps) > 12 && rate > limit;
        return {{"mae", fails ? NAN : 0.1}, {"gradient", 1}};
    }
    void save(TensorFile& checkpoint) const override {
        checkpoint.tensors["steps"] = torch::full({1}, steps);
    }
    void load(const TensorFile& checkpoint) override {
        steps = checkpoint.tensors.at("steps").item<std::int64_t>();
    }
    const Tensors& averaged() const override { return none; }
    const NetworkSpec& network() const override { return sizes; }

    Tensors none;
    NetworkSpec sizes;
    std::int64_t steps = 0;
    double limit = 0.6e-3;
    std::vector<double> rates;
};

class TrainerTest : public ::testing::Test {
protected:
    void SetUp() override {
        write_image(folder_ / "a.png", random_rgb(64, 64));
        schedule_.peak = 1e-3;
        schedule_.final = 1e-3;
        schedule_.warmup = 0;
        schedule_.iterations = 60;
        options_.checkpoint_every = 10;
        options_.validate_every = 1000;
        options_.log_every = 5;
    }
    bool run(Objective& objective) {
        PatchSourceOptions source_options;
        source_options.patch = 32;
        const PatchSource source({folder_ / "a.png"}, source_options, [](const std::string&) {});
        BatchOptions batches;
        batches.batch = 1;
        batches.patch = 8;
        BatchLoader loader(source, Degradation::parse("", 4), batches, 0);
        const CheckpointStore store(folder_ / "checkpoints", 3);
        RunRecord record(folder_.path(), "test");
        Listener listener;
        listener.on_warning = [this](const std::string& line) { warnings_.push_back(line); };
        Trainer trainer(
            {objective, loader, nullptr, store, &record, alone(), [](TensorFile&) {}, [](bool) {}},
            schedule_, options_, listener);
        return trainer.run();
    }
    TempDir folder_;
    Schedule schedule_;
    TrainerOptions options_;
    std::vector<std::string> warnings_;
};

TEST_F(TrainerTest, GoesBackAtHalfTheRateAfterManyBadSteps) {
    FragileObjective objective;
    EXPECT_TRUE(run(objective));
    EXPECT_EQ(objective.rates.front(), 1e-3);
    EXPECT_EQ(objective.rates.back(), 0.5e-3);
    EXPECT_EQ(objective.steps, 60);
    // 12 good steps, 20 bad ones, and from the checkpoint of step 30 (or 10) to the end again.
    ASSERT_EQ(warnings_.size(), 21U);
    EXPECT_NE(warnings_.back().find("half the learning rate"), std::string::npos);
    EXPECT_NE(read_bytes(folder_ / "log.jsonl").find("skipped"), std::string::npos);
}

TEST_F(TrainerTest, GivesUpWhenGoingBackDoesNotHelp) {
    FragileObjective objective;
    objective.limit = 0;
    EXPECT_THROW(run(objective), Error);
    EXPECT_LT(objective.rates.back(), 1e-3 / 16);
}

TEST(PixelObjectiveTest, ClippingBoundsTheStep) {
    GeneratorOptions options;
    options.clip_gradient = 1e-4;
    PixelObjective objective(small_network(false), options, alone());
    const Losses losses = objective.step(random_batch(1), 1e-3);
    EXPECT_GT(losses.at("gradient"), options.clip_gradient) << "the norm is told before clipping";
}

TEST(PixelObjectiveTest, ResumesExactly) {
    for (const bool batch_norm : {false, true}) {
        PixelObjective straight(small_network(batch_norm), {}, alone());
        TensorFile checkpoint;
        std::vector<double> expected;
        for (int i = 0; i < 20; ++i) {
            if (i == 8) {
                straight.save(checkpoint);
                for (auto& item : checkpoint.tensors) item.second = item.second.clone();
            }
            const double loss = straight.step(random_batch(i), 1e-3).at("mae");
            if (i >= 8) expected.push_back(loss);
        }
        GeneratorOptions other_start;
        other_start.seed = 99;
        PixelObjective resumed(small_network(batch_norm), other_start, alone());
        resumed.load(checkpoint);
        for (int i = 8; i < 20; ++i) {
            EXPECT_EQ(resumed.step(random_batch(i), 1e-3).at("mae"),
                      expected[static_cast<std::size_t>(i - 8)])
                << i;
        }
        for (const auto& [name, tensor] : straight.averaged()) {
            EXPECT_TRUE(torch::equal(tensor, resumed.averaged().at(name))) << name;
        }
    }
}

TEST(PixelObjectiveTest, ACheckpointOfAnotherNetworkIsRefused) {
    PixelObjective objective(small_network(false), {}, alone());
    TensorFile checkpoint;
    objective.save(checkpoint);
    PixelObjective other(SrResNetSettings::compact(4, 12, 2), {}, alone());
    EXPECT_THROW(other.load(checkpoint), Error);
}

TEST(PixelObjectiveTest, ACheckpointOfAnotherOptimizerIsRefusedPlainly) {
    constexpr Optimizer kOptimizers[] = {Optimizer::adam, Optimizer::muon};
    for (const Optimizer saved : kOptimizers) {
        GeneratorOptions options;
        options.optimizer = saved;
        PixelObjective objective(small_network(false), options, alone());
        objective.step(random_batch(1), 1e-3);
        TensorFile checkpoint;
        objective.save(checkpoint);
        options.optimizer = saved == Optimizer::adam ? Optimizer::muon : Optimizer::adam;
        PixelObjective other(small_network(false), options, alone());
        try {
            other.load(checkpoint);
            FAIL() << "taken";
        } catch (const Error& error) {
            EXPECT_STREQ(error.what(), "checkpoint: is of another optimizer or of another network");
        }
    }
}

class CheckpointTest : public ::testing::Test {
protected:
    static TensorFile content(int step) {
        TensorFile file;
        file.tensors["a"] = torch::full({4}, step);
        file.metadata["step"] = std::to_string(step);
        return file;
    }
    std::optional<TensorFile> load() {
        return store_.load_newest([this](const std::string& line) { warnings_.push_back(line); });
    }
    TempDir folder_;
    CheckpointStore store_{folder_ / "checkpoints", 3};
    std::vector<std::string> warnings_;
};

TEST_F(CheckpointTest, KeepsTheNewest) {
    EXPECT_FALSE(load().has_value());
    for (const int step : {5, 900, 1000, 20000, 100}) store_.save(step, content(step));
    EXPECT_EQ(count_entries(folder_ / "checkpoints"), 3U);
    EXPECT_EQ(load()->metadata.at("step"), "20000");
    EXPECT_TRUE(warnings_.empty());
}

TEST_F(CheckpointTest, ATruncatedOneFallsBackToTheOneBefore) {
    store_.save(1, content(1));
    store_.save(2, content(2));
    const auto newest = folder_ / "checkpoints/step-000000002.safetensors";
    const std::string bytes = read_bytes(newest);
    write_bytes(newest, bytes.substr(0, bytes.size() - 3));
    EXPECT_EQ(load()->metadata.at("step"), "1");
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_NE(warnings_[0].find("step-000000002"), std::string::npos);
}

}  // namespace
}  // namespace sisr::test
