#include "inference/damage_meter.h"
#include "inference/peeked_source.h"
#include "model/formats/safetensors.h"
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

const SrResNetSettings kSmall = SrResNetSettings::compact(2, 8, 1);

/// A network that adds `value` to every pixel of the plain enlargement.
Tensors adds(double value) {
    Tensors weights = random_weights(kSmall);
    for (auto& item : weights) item.second.zero_();
    weights.at("tail.bias").fill_(value);
    return weights;
}

class CleanInput : public ::testing::Test {
protected:
    std::filesystem::path write(const char* name, const Tensors& weights) const {
        training::export_model(folder_ / name, weights, kSmall, {});
        return folder_ / name;
    }
    /// The second one's weights beside the first one's.
    Model join(const std::filesystem::path& any, const std::filesystem::path& special, double limit,
               const SpecialFormat& format = kSpecialFormats[0]) const {
        TensorFile content = read_safetensors(any);
        training::add_special(content, read_safetensors(special), format, limit);
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
    TempDir folder_;
};

Image stripes(int width, int height) {
    Image image(ImageShape{width, height, 3, false, Encoding::display});
    for (int y = 0; y < height; ++y) {
        for (int i = 0; i < 3 * width; ++i) image.row(y)[i] = (i / 3) % 2 == 0 ? 0.4F : 0.6F;
    }
    return image;
}

TEST_F(CleanInput, DamageIsTheChangeOverTheTexture) {
    const DamageMeter meter(Model::load(write("m.safetensors", adds(0.02))), plan_execution({}));
    // Stripes of 0.4 and 0.6: seven columns hold three of one and four of the other.
    const double deviation = 255 * 0.2 * std::sqrt(3.0 * 4.0) / 7;
    EXPECT_NEAR(meter.measure(stripes(200, 150)).value(), 255 * 0.02 / (deviation + 2), 1e-3);
    EXPECT_NEAR(meter.measure(stripes(20, 9)).value(), 255 * 0.02 / (deviation + 2), 1e-2);
}

TEST_F(CleanInput, AFlatPictureTellsNothing) {
    const DamageMeter meter(Model::load(write("m.safetensors", adds(0))), plan_execution({}));
    const ImageShape shape{90, 70, 3, true, Encoding::linear};
    EXPECT_FALSE(meter.measure(Image(shape)));
    EXPECT_LT(meter.measure(scene(shape)).value(), 0.01) << "which the network leaves as it is";
}

TEST_F(CleanInput, GetsTheWeightsForIt) {
    const auto as_it_is = write("as-it-is.safetensors", adds(0));
    const auto brighter = write("brighter.safetensors", adds(0.1));
    const Image picture = random_rgb(80, 60);
    const Image by_first = run(Model::load(as_it_is), picture);
    const Image by_second = run(Model::load(brighter), picture);
    const Image flat(ImageShape{80, 60, 3, false, Encoding::display});

    // The first network changes nothing: the picture is clean, and the second one's.
    const Model model = join(as_it_is, brighter, 0.05);
    EXPECT_EQ(max_difference(run(model, picture), by_second), 0);
    EXPECT_EQ(max_difference(run(model, picture, InputKind::clean), by_second), 0);
    EXPECT_EQ(max_difference(run(model, picture, InputKind::damaged), by_first), 0);
    EXPECT_EQ(max_difference(run(model, picture, InputKind::automatic, 16), by_second), 0);
    EXPECT_EQ(max_difference(run(model, flat), run(Model::load(as_it_is), flat)), 0);

    // It changes everything: the picture is damaged, and the first one's.
    const Model other = join(brighter, as_it_is, 0.05);
    EXPECT_EQ(max_difference(run(other, picture), by_second), 0);
    EXPECT_EQ(max_difference(run(other, picture, InputKind::clean), by_first), 0);
}

TEST_F(CleanInput, AndHeavilyDamagedGetWeightsOfTheirOwn) {
    const auto any = write("any.safetensors", adds(0.02));
    const auto clean = write("clean.safetensors", adds(0.1));
    const auto heavy = write("heavy.safetensors", adds(0.2));
    const Image picture = stripes(80, 60);  // whose damage is .187, see above
    const auto by = [&picture](const std::filesystem::path& file) {
        return run(Model::load(file), picture);
    };
    const auto model = [&](double clean_below, double heavy_from) {
        const auto with_clean = join(any, clean, clean_below).info().path;
        return join(with_clean, heavy, heavy_from, kSpecialFormats[1]);
    };
    EXPECT_EQ(max_difference(run(model(0.08, 0.17), picture), by(heavy)), 0);
    EXPECT_EQ(max_difference(run(model(0.08, 0.2), picture), by(any)), 0);
    EXPECT_EQ(max_difference(run(model(0.19, 0.2), picture), by(clean)), 0);

    const Model both = model(0.08, 0.17);
    EXPECT_EQ(max_difference(run(both, picture, InputKind::damaged), by(any)), 0);
    EXPECT_EQ(max_difference(run(both, picture, InputKind::clean), by(clean)), 0);
    EXPECT_EQ(max_difference(run(model(0.08, 0.2), picture, InputKind::heavily_damaged), by(heavy)),
              0);
    const auto judge = [](const Model& judged, const Image& image, const UpscaleOptions& options) {
        ImageSource source(image);
        return Upscaler(judged, options).judge(source);
    };
    EXPECT_EQ(judge(both, picture, {}), InputKind::heavily_damaged);
    EXPECT_EQ(judge(model(0.08, 0.2), picture, {}), InputKind::damaged);
    EXPECT_EQ(judge(model(0.19, 0.2), picture, {}), InputKind::clean);
    EXPECT_EQ(judge(Model::load(any), picture, {}), InputKind::damaged);
    UpscaleOptions as_clean;
    as_clean.input = InputKind::clean;
    EXPECT_EQ(judge(both, picture, as_clean), InputKind::clean);
    EXPECT_THROW(judge(both, Image(), {}), Error);

    // What tells nothing gets neither.
    const Image flat(ImageShape{80, 60, 3, false, Encoding::display});
    EXPECT_EQ(max_difference(run(both, flat), run(Model::load(any), flat)), 0);
    // And where there are none for the kind, those for any.
    EXPECT_EQ(
        max_difference(run(join(any, clean, 0.08), picture, InputKind::heavily_damaged), by(any)),
        0);
}

TEST_F(CleanInput, OfOneStageIsTheSameAtAnyStrength) {
    const auto both = folder_ / "both.safetensors";
    training::export_model(both, training::TwoStages{adds(0), adds(0.2), 0.5}, kSmall, {});
    const auto brighter = write("brighter.safetensors", adds(0.1));
    const Image picture = random_rgb(80, 60);
    const Image expected = run(Model::load(brighter), picture);
    // Damage is what stage 1 changes, which is nothing; stage 2 would change much.
    const Model model = join(both, brighter, 0.05);
    EXPECT_EQ(max_difference(run(model, picture), expected), 0);
    EXPECT_EQ(max_difference(run(at_strength(model, 1), picture), expected), 0);
}

TEST_F(CleanInput, ThatDoesNotFitIsNoModel) {
    const auto model = write("m.safetensors", adds(0));
    const auto other = folder_ / "other.safetensors";
    write_random_model(other, SrResNetSettings::compact(4, 8, 1));
    EXPECT_THROW(join(model, other, 0.05), Error) << "another scale";
    EXPECT_THROW(join(model, model, 1.5), Error) << "no such damage";
    const auto joined = join(model, model, 0.05).info().path;
    EXPECT_THROW(join(joined, model, 0.05), Error) << "twice";
    EXPECT_THROW(join(model, joined, 0.05), Error) << "one within the other";

    training::TwoStages stages{adds(0), adds(0), 1};
    training::export_model(other, stages, kSmall, {});
    EXPECT_THROW(join(model, other, 0.05), Error) << "two stages beside one";
}

TEST(ShippedModels, TellCleanFromDamaged) {
    const std::filesystem::path source = SISR_SOURCE_DIR;
    const TempDir folder;
    WriteOptions jpeg;
    jpeg.quality = 40;
    for (const char* name : {"photo-x4", "photo-x2"}) {
        const Model model =
            Model::load(source / "core/weights" / (std::string(name) + ".safetensors"));
        ASSERT_FALSE(model.impl().specials.empty());
        const auto& special = model.impl().specials.front();
        ASSERT_EQ(special.kind, InputKind::clean);
        const DamageMeter meter(model, plan_execution({}));
        for (const char* sample : {"city", "mountain", "trees"}) {
            const Image clean =
                read_image(source / "docs/samples" / (std::string(sample) + ".png"));
            write_image(folder / "damaged.jpg", clean, jpeg);
            const Image damaged = read_image(folder / "damaged.jpg");
            EXPECT_LT(meter.measure(clean).value(), special.below) << name << ", " << sample;
            EXPECT_GT(meter.measure(damaged).value(), special.below) << name << ", " << sample;
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
