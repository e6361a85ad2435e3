#include "architectures/srresnet/settings.h"
#include "engine/device.h"
#include "engine/tile_runner.h"
#include "model/model_impl.h"

#include "support/fake_network.h"
#include "support/images.h"
#include "support/models.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/upscaler.h>

namespace sisr::test {
namespace {

class UpscalerTest : public ::testing::Test {
protected:
    Model make_model(const SrResNetSettings& settings) {
        return Model::load(write_random_model(folder_ / "m.safetensors", settings));
    }
    static Image run(const Model& model, const Image& image, UpscaleOptions options) {
        options.precision = Precision::fp32;
        NoProgress progress;
        return Upscaler(model, options).run(image, progress);
    }
    static UpscaleOptions with_tile(int tile) {
        UpscaleOptions options;
        options.tile = tile;
        return options;
    }
    TempDir folder_;
};

constexpr Size kSizes[] = {{1, 1}, {1, 37}, {41, 1}, {2, 3}, {33, 21}, {64, 64}, {97, 55}};
constexpr int kTiles[] = {1, 7, 16, 33};

TEST_F(UpscalerTest, TiledEqualsUntiled) {
    auto paper = SrResNetSettings::paper(4);
    paper.channels = 6;
    paper.blocks = 1;
    for (const auto& settings : {SrResNetSettings::compact(4, 8, 2), paper}) {
        const Model model = make_model(settings);
        for (const Size size : kSizes) {
            const Image image = random_rgb(size.width, size.height);
            const Image whole = run(model, image, with_tile(10000));
            EXPECT_EQ(whole.width(), 4 * size.width);
            EXPECT_EQ(whole.height(), 4 * size.height);
            for (const int tile : kTiles) {
                if (tile == 1 && size.width * size.height > 50) continue;  // thousands of tiles
                const double limit = 1e-4;
                EXPECT_LE(max_difference(run(model, image, with_tile(tile)), whole), limit)
                    << size.width << "x" << size.height << " in tiles of " << tile;
            }
        }
    }
}

TEST_F(UpscalerTest, TiledEqualsUntiledWithAlphaGreyAndBeyondTheRange) {
    const Model model = make_model(SrResNetSettings::compact(2, 8, 2));
    for (const ImageShape& shape : {ImageShape{45, 38, 3, true, Encoding::display},
                                    ImageShape{45, 38, 1, true, Encoding::linear},
                                    ImageShape{45, 38, 1, false, Encoding::display},
                                    ImageShape{45, 38, 3, false, Encoding::linear}}) {
        Image image = random_image(shape);
        for (float& sample : image.samples()) sample = 1.5F * sample - 0.2F;
        if (shape.has_alpha) {
            for (int y = 0; y < shape.height; ++y) {
                for (int x = 0; x < shape.width; ++x) {
                    const bool inside = (x - 20) * (x - 20) + (y - 18) * (y - 18) < 150;
                    image.at(x, y, shape.colour_channels) = inside ? 1 : 0;
                }
            }
        }
        const Image whole = run(model, image, with_tile(10000));
        for (const int tile : {5, 16, 31}) {
            EXPECT_LE(max_difference(run(model, image, with_tile(tile)), whole), 2e-4) << tile;
        }
    }
}

TEST_F(UpscalerTest, AMemoryBudgetChangesNothing) {
    const Model model = make_model(SrResNetSettings::compact(4, 8, 2));
    const Image image = random_rgb(150, 130);
    UpscaleOptions options;
    const Image whole = run(model, image, options);
    for (const std::size_t megabytes : {1, 2, 8}) {
        options.memory_bytes = megabytes << 20;
        EXPECT_LE(max_difference(run(model, image, options), whole), 1e-4) << megabytes;
    }
}

TEST_F(UpscalerTest, AnyScaleAndSize) {
    const Model model = make_model(SrResNetSettings::compact(4, 8, 1));
    const Image image = random_rgb(31, 17);
    for (const double scale : {1.0, 1.5, 2.0, 3.3, 4.0, 6.0}) {
        UpscaleOptions options;
        options.scale = scale;
        const Image result = run(model, image, options);
        EXPECT_EQ(result.width(), std::lround(31 * scale));
        EXPECT_EQ(result.height(), std::lround(17 * scale));
    }
    UpscaleOptions options;
    options.size = {50, 60};
    EXPECT_EQ(run(model, image, options).shape().size(), (Size{50, 60}));
}

TEST_F(UpscalerTest, RefusesOptionsOutOfRange) {
    const Model model = make_model(SrResNetSettings::compact(4, 8, 1));
    for (const double scale : {-1.0, 0.5, 16.1, 1000.0, std::nan(""), HUGE_VAL}) {
        UpscaleOptions options;
        options.scale = scale;
        EXPECT_THROW(Upscaler(model, options), Error) << scale;
    }
    UpscaleOptions options;
    options.device = "tpu";
    EXPECT_THROW(Upscaler(model, options), Error);
    options.device = "cuda:99";
    EXPECT_THROW(Upscaler(model, options), Error);
    options = {};
    options.size = {10, -1};
    EXPECT_THROW(Upscaler(model, options), Error);
    options = {};
    options.size = {10, 0};
    options.fit = true;
    EXPECT_THROW(Upscaler(model, options), Error);
    options = {};
    options.threads = -1;
    EXPECT_THROW(Upscaler(model, options), Error);
}

TEST_F(UpscalerTest, ComputesInWhatIsFasterAndSaysWhy) {
    EXPECT_TRUE(bf16_is_faster(Bf16::tiles, true));
    EXPECT_TRUE(bf16_is_faster(Bf16::tiles, false));
    EXPECT_FALSE(bf16_is_faster(Bf16::vectors, true));
    EXPECT_TRUE(bf16_is_faster(Bf16::vectors, false));
    EXPECT_FALSE(bf16_is_faster(Bf16::none, true));
    EXPECT_FALSE(bf16_is_faster(Bf16::none, false));

    const Model wide = make_model(SrResNetSettings::compact(2, 48, 1));
    const bool bf16 = bf16_is_faster(processor_bf16(), wide.impl().traits.is_winograd_on_cpu);
    UpscaleOptions options;
    options.device = "cpu";
    options.threads = 2;
    const std::string told = Upscaler(wide, options).description();
    EXPECT_EQ(told.rfind(bf16 ? "cpu, 2 threads, bf16 (" : "cpu, 2 threads, fp32 (", 0), 0U)
        << told;
    options.precision = Precision::fp32;
    EXPECT_EQ(Upscaler(wide, options).description(), "cpu, 2 threads, fp32");
    // The loops take whole vectors only.
    EXPECT_FALSE(traits_of(SrResNetSettings::compact(2, 10, 1)).is_winograd_on_cpu);
}

TEST_F(UpscalerTest, CancelEndsTheRun) {
    class CancelLater final : public Progress {
    public:
        bool report(double fraction) override {
            EXPECT_GE(fraction, last_);
            last_ = fraction;
            return ++calls_ < 3;
        }
        int calls_ = 0;
        double last_ = 0;
    } progress;
    const Model model = make_model(SrResNetSettings::compact(4, 8, 1));
    try {
        Upscaler(model, with_tile(8)).run(random_rgb(64, 64), progress);
        ADD_FAILURE() << "was not cancelled";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    }
    EXPECT_EQ(progress.calls_, 3);
}

/// Remembers what it is told; stops from `until` on.
class Recorder final : public Progress {
public:
    explicit Recorder(double until = 2) : until_(until) {}
    bool report(double fraction) override {
        told.push_back(fraction);
        return fraction < until_;
    }
    double largest_step() const {
        double largest = told.empty() ? 1 : told.front();
        for (std::size_t i = 1; i < told.size(); ++i) {
            largest = std::max(largest, told[i] - told[i - 1]);
        }
        return largest;
    }
    std::vector<double> told;

private:
    double until_;
};

TEST_F(UpscalerTest, TellsOfEveryFewRowsOfOneTile) {
    UpscaleOptions one_thread;
    one_thread.threads = 1;
    const auto told = [&](const SrResNetSettings& settings, const ImageShape& shape,
                          bool ensembles) {
        UpscaleOptions options = one_thread;
        options.tta = ensembles;
        Recorder recorder;
        Upscaler(make_model(settings), options).run(random_image(shape), recorder);
        EXPECT_TRUE(std::is_sorted(recorder.told.begin(), recorder.told.end()));
        EXPECT_EQ(recorder.told.front(), 0);
        EXPECT_EQ(recorder.told.back(), 1);
        EXPECT_LT(*(recorder.told.end() - 2), 1);  // 1 is when the result is written
        return recorder.largest_step();
    };
    const auto compact = SrResNetSettings::compact(2, 48, 2);
    const ImageShape photo{400, 500, 3, false, Encoding::display};
    EXPECT_LT(told(compact, photo, false), 0.12);
    EXPECT_LT(told(compact, {1200, 300, 3, false, Encoding::display}, false), 0.12);  // panels
    EXPECT_LT(told(compact, {400, 500, 3, true, Encoding::display}, false), 0.12);
    EXPECT_LT(told(compact, {400, 500, 1, false, Encoding::display}, false), 0.12);
    EXPECT_LT(told(compact, {200, 250, 3, false, Encoding::display}, true), 0.13);
    // By libtorch's own way: after each block and step.
    SrResNetSettings paper = SrResNetSettings::paper(4);
    paper.blocks = 4;
    EXPECT_LT(told(paper, {40, 30, 3, false, Encoding::display}, false), 0.6);
}

TEST_F(UpscalerTest, CancelEndsTheRunWithinOneTile) {
    for (const bool ensembles : {false, true}) {
        UpscaleOptions options;
        options.tta = ensembles;
        Recorder recorder(0.2);
        try {
            Upscaler(make_model(SrResNetSettings::compact(2, 48, 2)), options)
                .run(random_rgb(400, 500), recorder);
            ADD_FAILURE() << "was not cancelled";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::cancelled);
        }
        EXPECT_LT(recorder.told.back(), 0.5);
    }
}

TEST(TileRunner, OpaqueStaysOpaqueAndTransparentTransparent) {
    // A network that spoils every value a little, as a real one does.
    const auto network = std::make_shared<FakeNetwork>(
        [](const torch::Tensor& x) { return enlarge_nearest(0.98 * x + 0.005, 2); });
    const TileRunner runner(network, nullptr, fake_traits(2, 0));
    Image image = random_image({32, 32, 3, true, Encoding::display});
    for (int y = 0; y < 32; ++y) {
        for (int x = 0; x < 32; ++x) image.at(x, y, 3) = x < 16 ? 0 : 1;
    }
    const Image result = runner.run(image);
    for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
            if (x < 26 || x > 37) {
                EXPECT_EQ(result.at(x, y, 3), x < 26 ? 0 : 1);
            }
            EXPECT_GE(result.at(x, y, 3), 0);
            EXPECT_LE(result.at(x, y, 3), 1);
        }
    }
}

TEST(TileRunner, NoFringeFromColourUnderTransparency) {
    // A blur looks across the edge of the object, as a network does.
    const auto blur = std::make_shared<FakeNetwork>([](const torch::Tensor& x) {
        return torch::avg_pool2d(x, 3, 1, 1, false, /*count_include_pad=*/false);
    });
    const TileRunner runner(blur, nullptr, fake_traits(1, 1));
    Image image({24, 24, 3, true, Encoding::display});
    for (int y = 0; y < 24; ++y) {
        for (int x = 0; x < 24; ++x) {
            const bool inside = x >= 12;
            for (int c = 0; c < 3; ++c) image.at(x, y, c) = inside ? 0.9F : 0.0F;
            image.at(x, y, 3) = inside ? 1.0F : 0.0F;
        }
    }
    const Image result = runner.run(image);
    for (int y = 0; y < 24; ++y) {
        for (int x = 8; x < 24; ++x) EXPECT_NEAR(result.at(x, y, 0), 0.9F, 1e-6) << x;
    }
}

TEST(TileRunner, ValuesBeyondTheRangeSurvive) {
    const auto network = std::make_shared<FakeNetwork>([](const torch::Tensor& x) {
        EXPECT_GE(x.min().item<float>(), 0);
        EXPECT_LE(x.max().item<float>(), 1);
        return enlarge_nearest(x, 2);
    });
    const TileRunner runner(network, nullptr, fake_traits(2, 0));
    for (const Encoding encoding : {Encoding::display, Encoding::linear}) {
        Image image({16, 16, 3, false, encoding});
        for (float& sample : image.samples()) sample = 6;
        for (const float sample : runner.run(image).samples()) EXPECT_NEAR(sample, 6, 1e-4);
        for (float& sample : image.samples()) sample = -0.5F;
        for (const float sample : runner.run(image).samples()) EXPECT_NEAR(sample, -0.5F, 1e-5);
    }
}

struct FaultCase {
    const char* what;
    FakeNetwork::Function function;
};

std::vector<FaultCase> faults() {
    const auto shaped = [](double value) {
        return [value](const torch::Tensor& x) {
            return torch::full_like(enlarge_nearest(x, 2), value);
        };
    };
    return {{"NaN", shaped(NAN)}, {"Inf", shaped(INFINITY)}, {"flat", shaped(0)}};
}

TEST(TileRunner, ABrokenNetworkIsNeverASuccess) {
    const Image image = random_rgb(16, 16);
    for (const FaultCase& fault : faults()) {
        const auto broken = std::make_shared<FakeNetwork>(fault.function);
        EXPECT_THROW(TileRunner(broken, nullptr, fake_traits(2, 0)).run(image), Error)
            << fault.what;
        EXPECT_THROW(TileRunner(broken, broken, fake_traits(2, 0)).run(image), Error) << fault.what;
    }
}

TEST(TileRunner, AFaultIsRetriedInFp32) {
    const Image image = random_rgb(16, 16);
    const auto exact =
        std::make_shared<FakeNetwork>([](const torch::Tensor& x) { return enlarge_nearest(x, 2); });
    for (const FaultCase& fault : faults()) {
        const auto broken = std::make_shared<FakeNetwork>(fault.function);
        const Image result = TileRunner(broken, exact, fake_traits(2, 0)).run(image);
        EXPECT_EQ(result.at(3, 5, 1), image.at(1, 2, 1)) << fault.what;
    }
}

TEST(TileRunner, AFlatPictureMayStayFlat) {
    const auto network =
        std::make_shared<FakeNetwork>([](const torch::Tensor& x) { return enlarge_nearest(x, 2); });
    Image image({16, 16, 3, false, Encoding::display});
    EXPECT_EQ(TileRunner(network, nullptr, fake_traits(2, 0)).run(image).width(), 32);
}

TEST(TileRunner, LibtorchErrorsBecomeOurs) {
    const auto network = std::make_shared<FakeNetwork>([](const torch::Tensor& x) {
        return torch::matmul(x, torch::rand({3, 5}));
    });
    try {
        TileRunner(network, nullptr, fake_traits(1, 0)).run(random_rgb(16, 16));
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::internal);
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
}

/// A network that enlarges and changes the colours.
std::shared_ptr<const Network> drifting_network(int scale) {
    return std::make_shared<FakeNetwork>([scale](const torch::Tensor& input) {
        auto output = 0.9 * enlarge_nearest(input, scale) + 0.03;
        output.select(1, 0) += 0.05;
        return output;
    });
}

TEST(ColourLock, TheMeansOfBlocksFollowTheInput) {
    const Image image = scene({96, 80, 3, false, Encoding::display});
    const auto worst_block = [&image](const TileRunner& runner) {
        const Image result = runner.run(image);
        double worst = 0;
        for (int top = 0; top < 80; top += 16) {
            for (int left = 0; left < 96; left += 16) {
                for (int c = 0; c < 3; ++c) {
                    double before = 0;
                    double after = 0;
                    for (int y = 0; y < 32; ++y) {
                        for (int x = 0; x < 32; ++x) {
                            before += image.at(left + x / 2, top + y / 2, c) / 1024;
                            after += result.at(2 * left + x, 2 * top + y, c) / 1024;
                        }
                    }
                    worst = std::max(worst, std::fabs(after - before));
                }
            }
        }
        return 255 * worst;
    };
    const auto traits = fake_traits(2, 1);
    EXPECT_GT(worst_block({drifting_network(2), nullptr, traits}), 8);
    EXPECT_LT(worst_block({drifting_network(2), nullptr, traits, {true, false}}), 1);
}

TEST(ColourLock, AFaithfulResultIsLeftAlone) {
    const auto network = std::make_shared<FakeNetwork>(
        [](const torch::Tensor& input) { return enlarge_nearest(input, 2); });
    const Image image = random_rgb(50, 40);
    const Image plain = TileRunner(network, nullptr, fake_traits(2, 1)).run(image);
    const Image locked = TileRunner(network, nullptr, fake_traits(2, 1), {true, false}).run(image);
    EXPECT_LT(max_difference(plain, locked), 1e-6);
}

TEST_F(UpscalerTest, TheSelfEnsembleDoesNotCareForOrientation) {
    const Model model = make_model(SrResNetSettings::compact(2, 8, 1));
    UpscaleOptions options = with_tile(12);
    options.tta = true;
    const Image image = random_rgb(30, 30);
    Image mirrored = image;
    for (int y = 0; y < 30; ++y) {
        for (int x = 0; x < 30; ++x) {
            for (int c = 0; c < 3; ++c) mirrored.at(x, y, c) = image.at(29 - x, y, c);
        }
    }
    const Image a = run(model, image, options);
    const Image b = run(model, mirrored, options);
    double worst = 0;
    double plain = 0;
    const Image once = run(model, mirrored, with_tile(12));
    for (int y = 0; y < 60; ++y) {
        for (int x = 0; x < 60; ++x) {
            worst = std::max<double>(worst, std::fabs(a.at(x, y, 1) - b.at(59 - x, y, 1)));
            plain = std::max<double>(plain, std::fabs(once.at(x, y, 1) - b.at(x, y, 1)));
        }
    }
    EXPECT_LT(worst, 1e-5);
    EXPECT_GT(plain, 1e-4) << "one orientation alone is something else";
}

TEST_F(UpscalerTest, TiledEqualsUntiledWithTheColourLock) {
    const Model model = make_model(SrResNetSettings::compact(2, 8, 1));
    for (const Size size : {Size{1, 1}, {1, 50}, {90, 70}}) {
        const Image image = random_rgb(size.width, size.height);
        UpscaleOptions whole = with_tile(10000);
        UpscaleOptions tiled = with_tile(16);
        whole.colour_lock = true;
        tiled.colour_lock = true;
        EXPECT_LE(max_difference(run(model, image, tiled), run(model, image, whole)), 1e-4);
    }
}

TEST(Strength, GoesFromOneStageToTheOther) {
    const TempDir folder;
    const auto settings = SrResNetSettings::compact(2, 8, 2);
    training::TwoStages stages;
    stages.fidelity = random_weights(settings, 1);
    stages.detail = random_weights(settings, 2);
    stages.default_strength = 0.25;
    training::ModelCard card;
    card.name = "both";
    training::export_model(folder / "both.safetensors", stages, settings, card);
    training::export_model(folder / "one.safetensors", stages.fidelity, settings, card);
    training::export_model(folder / "two.safetensors", stages.detail, settings, card);

    const Image image = scene({40, 30, 3, false, Encoding::display});
    const auto enlarge = [&](const char* name, std::optional<double> strength) {
        UpscaleOptions options;
        options.precision = Precision::fp32;
        options.strength = strength;
        options.colour_lock = false;
        NoProgress progress;
        return Upscaler(Model::load(folder / name), options).run(image, progress);
    };
    EXPECT_LT(max_difference(enlarge("both.safetensors", 0), enlarge("one.safetensors", {})), 1e-6);
    EXPECT_LT(max_difference(enlarge("both.safetensors", 1), enlarge("two.safetensors", {})), 1e-6);
    EXPECT_EQ(max_difference(enlarge("both.safetensors", {}), enlarge("both.safetensors", 0.25)),
              0);
    EXPECT_GT(max_difference(enlarge("both.safetensors", 0.25), enlarge("both.safetensors", 0)), 0);

    const ModelInfo info = Model::load(folder / "both.safetensors").info();
    EXPECT_TRUE(info.has_strength);
    EXPECT_EQ(info.default_strength, 0.25);
    EXPECT_EQ(info.parameters, Model::load(folder / "one.safetensors").info().parameters);
    EXPECT_THROW(enlarge("one.safetensors", 0.5), Error) << "there is nothing to choose";
    EXPECT_THROW(enlarge("both.safetensors", 1.5), Error);

    stages.fidelity = random_weights(SrResNetSettings::compact(2, 8, 3), 1);
    training::export_model(folder / "mixed.safetensors", stages, settings, card);
    EXPECT_THROW(Model::load(folder / "mixed.safetensors"), Error);
}

}  // namespace
}  // namespace sisr::test
