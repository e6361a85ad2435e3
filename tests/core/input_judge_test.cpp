#include "engine/input_judge.h"
#include "engine/peeked_source.h"
#include "formats/safetensors.h"
#include "model/model_impl.h"

#include "support/images.h"
#include "support/models.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/upscaler.h>

#include <gtest/gtest.h>

#include <cmath>

namespace sisr::test {
namespace {

const SrResNetSettings kSmall = SrResNetSettings::compact(2, 8, 2);
constexpr std::int64_t kFeatures = 2 * 8;

/// A network that adds `value` to every pixel of the plain enlargement, and whose first feature is
/// the brightness of red, in all layers.
Tensors adds(double value) {
    Tensors weights = random_weights(kSmall);
    for (auto& item : weights) item.second.zero_();
    for (const char* name : {"head.weight", "body.0.conv1.weight", "body.1.conv1.weight"}) {
        weights.at(name)[0][0][1][1] = 1;
    }
    weights.at("tail.bias").fill_(value);
    return weights;
}

/// Bright pictures are clean, dark ones heavily damaged.
constexpr double kCleanFrom = 0.6;
constexpr double kHeavyBelow = 0.2;

Tensors judge_by_brightness() {
    Tensors judge{{"weight", torch::zeros({kJudgeRows, kFeatures})},
                  {"bias", torch::zeros({kJudgeRows})}};
    const int clean = judge_row(InputKind::clean);
    const int heavy = judge_row(InputKind::heavily_damaged);
    judge.at("weight")[clean][0] = 1;
    judge.at("bias")[clean] = -std::log(kCleanFrom);
    judge.at("weight")[heavy][0] = -1;
    judge.at("bias")[heavy] = std::log(kHeavyBelow);
    return judge;
}

/// Stripes two pixels wide, darker and brighter than the mean by three tenths of it.
Image stripes(int width, int height, double mean) {
    Image image(ImageShape{width, height, 3, false, Encoding::display});
    for (int y = 0; y < height; ++y) {
        for (int i = 0; i < 3 * width; ++i) {
            image.row(y)[i] = static_cast<float>(mean * (i / 6 % 2 == 0 ? 0.7 : 1.3));
        }
    }
    return image;
}

class InputJudgeTest : public ::testing::Test {
protected:
    std::filesystem::path write(const char* name, const Tensors& weights) const {
        training::export_model(folder_ / name, weights, kSmall, {});
        return folder_ / name;
    }
    /// The special one's weights beside the first one's, with the layer that chooses.
    Model join(const std::filesystem::path& any, const std::filesystem::path& special,
               const SpecialFormat& format = kSpecialFormats[0],
               const Tensors& judge = judge_by_brightness()) const {
        TensorFile content = read_safetensors(any);
        training::add_special(content, read_safetensors(special), format);
        training::put_judge(content, judge);
        write_safetensors(folder_ / "joined.safetensors", content);
        return Model::load(folder_ / "joined.safetensors");
    }
    static Image run(const Model& model, const Image& image, InputKind input = InputKind::automatic,
                     int tile = 0) {
        UpscaleOptions options;
        options.precision = Precision::fp32;
        options.input = input;
        options.tile = tile;
        NoProgress progress;
        return Upscaler(model, options).run(image, progress);
    }
    static Image run(const std::filesystem::path& file, const Image& image) {
        return run(Model::load(file), image);
    }
    static InputKind judge(const Model& model, const Image& image,
                           const UpscaleOptions& options = {}) {
        ImageSource source(image);
        return Upscaler(model, options).judge(source);
    }

    const Image bright_ = stripes(150, 100, 0.7);
    const Image middle_ = stripes(150, 100, 0.4);
    const Image dark_ = stripes(150, 100, 0.15);
    const Image flat_{ImageShape{80, 60, 3, false, Encoding::display}};
    TempDir folder_;
};

TEST_F(InputJudgeTest, DescribesAPictureByItsMeanActivations) {
    const InputJudge judge(Model::load(write("m.safetensors", adds(0.02))), plan_execution({}));
    const auto described = judge.describe(bright_).value();
    ASSERT_EQ(described.sizes(), torch::IntArrayRef({kFeatures}));
    // Both blocks see the first feature, and none another. (bf16 has three digits.)
    EXPECT_NEAR(described[0].item<double>(), std::log(0.7), 0.01);
    EXPECT_NEAR(described[kFeatures / 2].item<double>(), std::log(0.7), 0.01);
    EXPECT_NEAR(described[1].item<double>(), std::log(1e-3), 0.01);
    // Of any size, and where transparency hides the rest.
    EXPECT_NEAR(judge.describe(stripes(20, 9, 0.7)).value()[0].item<double>(), std::log(0.7), 0.02);
    EXPECT_FALSE(judge.describe(flat_));
    EXPECT_FALSE(judge.describe(Image(ImageShape{90, 70, 3, true, Encoding::linear})));
}

TEST_F(InputJudgeTest, DescribesStageOne) {
    Tensors detail = adds(0.2);
    detail.at("head.weight").zero_();
    const auto both = folder_ / "both.safetensors";
    training::export_model(both, training::TwoStages{adds(0), detail, 0.5}, kSmall, {});
    const Model model = Model::load(both);
    for (const Model& chosen : {model, at_strength(model, 1)}) {
        const auto described = InputJudge(chosen, plan_execution({})).describe(bright_).value();
        EXPECT_NEAR(described[0].item<double>(), std::log(0.7), 0.01);
    }
}

TEST_F(InputJudgeTest, APictureGetsTheWeightsThatSuitIt) {
    const auto any = write("any.safetensors", adds(0.02));
    const auto clean = write("clean.safetensors", adds(0.1));
    const auto heavy = write("heavy.safetensors", adds(0.2));
    const auto with_clean = join(any, clean).info().path;
    const Model all = join(with_clean, heavy, kSpecialFormats[1]);

    EXPECT_EQ(max_difference(run(all, bright_), run(clean, bright_)), 0);
    EXPECT_EQ(max_difference(run(all, middle_), run(any, middle_)), 0);
    EXPECT_EQ(max_difference(run(all, dark_), run(heavy, dark_)), 0);
    EXPECT_EQ(max_difference(run(all, dark_, InputKind::automatic, 16), run(heavy, dark_)), 0);
    EXPECT_EQ(max_difference(run(all, flat_), run(any, flat_)), 0) << "which tells nothing";

    EXPECT_EQ(judge(all, bright_), InputKind::clean);
    EXPECT_EQ(judge(all, middle_), InputKind::damaged);
    EXPECT_EQ(judge(all, dark_), InputKind::heavily_damaged);
    EXPECT_THROW(judge(all, Image()), Error);

    ImageSource source(dark_);
    ImageSink sink;
    NoProgress progress;
    EXPECT_EQ(Upscaler(all, {}).run(source, sink, progress), InputKind::heavily_damaged);
    ImageSource again(dark_);
    ImageSink other;
    EXPECT_EQ(Upscaler(Model::load(any), {}).run(again, other, progress), InputKind::automatic);
}

TEST_F(InputJudgeTest, WhatTheOptionsTellIsNotJudged) {
    const auto any = write("any.safetensors", adds(0.02));
    const auto clean = write("clean.safetensors", adds(0.1));
    const Model model = join(any, clean);
    EXPECT_EQ(max_difference(run(model, dark_, InputKind::clean), run(clean, dark_)), 0);
    EXPECT_EQ(max_difference(run(model, bright_, InputKind::damaged), run(any, bright_)), 0);
    UpscaleOptions as_clean;
    as_clean.input = InputKind::clean;
    EXPECT_EQ(judge(model, dark_, as_clean), InputKind::clean);
}

TEST_F(InputJudgeTest, KindsWithoutWeightsAreNotChosen) {
    const auto any = write("any.safetensors", adds(0.02));
    const auto clean = write("clean.safetensors", adds(0.1));
    const Model model = join(any, clean);
    EXPECT_EQ(judge(model, dark_), InputKind::damaged);
    EXPECT_EQ(max_difference(run(model, dark_), run(any, dark_)), 0);
    EXPECT_EQ(max_difference(run(model, bright_, InputKind::heavily_damaged), run(any, bright_)),
              0);
    EXPECT_EQ(judge(Model::load(any), bright_), InputKind::damaged);
}

TEST_F(InputJudgeTest, WithoutALayerOnlyTheOptionsChoose) {
    const auto any = write("any.safetensors", adds(0.02));
    const auto clean = write("clean.safetensors", adds(0.1));
    const Model model = join(any, clean, kSpecialFormats[0], {});
    EXPECT_EQ(judge(model, bright_), InputKind::damaged);
    EXPECT_EQ(max_difference(run(model, bright_), run(any, bright_)), 0);
    EXPECT_EQ(max_difference(run(model, bright_, InputKind::clean), run(clean, bright_)), 0);
}

TEST_F(InputJudgeTest, AddedWeightsWantAnotherLayer) {
    const auto any = write("any.safetensors", adds(0.02));
    TensorFile content = read_safetensors(join(any, any).info().path);
    training::add_special(content, read_safetensors(any), kSpecialFormats[1]);
    for (const auto& item : content.tensors) {
        EXPECT_NE(item.first.rfind(kJudgePrefix, 0), 0U) << "fitted to choose between fewer";
    }
}

TEST_F(InputJudgeTest, WhatDoesNotFitIsNoModel) {
    const auto model = write("m.safetensors", adds(0));
    const auto other = folder_ / "other.safetensors";
    write_random_model(other, SrResNetSettings::compact(4, 8, 1));
    EXPECT_THROW(join(model, other), Error) << "another scale";
    const auto joined = join(model, model).info().path;
    EXPECT_THROW(join(joined, model), Error) << "twice";
    EXPECT_THROW(join(model, joined), Error) << "one within the other";

    Tensors narrow = judge_by_brightness();
    narrow["weight"] = torch::zeros({kJudgeRows, kFeatures - 1});
    EXPECT_THROW(join(model, model, kSpecialFormats[0], narrow), Error);
    Tensors incomplete = judge_by_brightness();
    incomplete.erase("bias");
    EXPECT_THROW(join(model, model, kSpecialFormats[0], incomplete), Error);

    training::TwoStages stages{adds(0), adds(0), 1};
    training::export_model(other, stages, kSmall, {});
    EXPECT_THROW(join(model, other), Error) << "two stages beside one";
}

TEST(ShippedModels, TellHowDamagedAPictureIs) {
    const std::filesystem::path source = SISR_SOURCE_DIR;
    const TempDir folder;
    for (const char* name : {"photo-x4", "photo-x2"}) {
        const Model model =
            Model::load(source / "core/weights" / (std::string(name) + ".safetensors"));
        const InputJudge judge(model, plan_execution({}));
        const bool knows_heavy = model.impl().specials.size() == kSpecialFormats.size();
        for (const char* sample : {"city", "mountain", "trees"}) {
            const Image clean =
                read_image(source / "docs/samples" / (std::string(sample) + ".png"));
            const auto judged = [&](int quality) {
                WriteOptions jpeg;
                jpeg.quality = quality;
                write_image(folder / "damaged.jpg", clean, jpeg);
                return judge.judge(read_image(folder / "damaged.jpg"));
            };
            EXPECT_EQ(judge.judge(clean), InputKind::clean) << name << ", " << sample;
            EXPECT_EQ(judged(40), InputKind::damaged) << name << ", " << sample;
            EXPECT_EQ(judged(8), knows_heavy ? InputKind::heavily_damaged : InputKind::damaged)
                << name << ", " << sample;
        }
    }
}

TEST(PeekedSource, GivesEachRowOnce) {
    const Image image = random_rgb(5, 11);
    for (const int rows : {1, 4, 11}) {
        ImageSource source(image);
        PeekedSource peeked(source, rows);
        EXPECT_EQ(peeked.first_rows().height(), rows);
        Image read(image.shape());
        for (const auto& [begin, end] : {std::pair{0, 3}, {3, 6}, {6, 11}}) {
            peeked.read_rows(begin, end, read.row(begin));
        }
        EXPECT_EQ(max_difference(read, image), 0) << rows << " rows";
    }
}

}  // namespace
}  // namespace sisr::test
