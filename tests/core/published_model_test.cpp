#include "architectures/nearest.h"
#include "model/model_impl.h"

#include "support/images.h"
#include "support/published_models.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/upscaler.h>

namespace sisr::test {
namespace {

class PublishedModel : public ::testing::Test {
protected:
    static Image enlarge(const Model& model, const Image& image, std::optional<double> strength) {
        UpscaleOptions options;
        options.precision = Precision::fp32;
        options.colour_lock = false;
        options.strength = strength;
        NoProgress progress;
        return Upscaler(model, options).run(image, progress);
    }
    TempDir folder_;
};

TEST_F(PublishedModel, StrengthMixesItWithThePlainEnlargement) {
    const Model model = Model::load(write_compact_model(folder_ / "4x-some.safetensors", 2));
    EXPECT_TRUE(model.info().has_strength);
    EXPECT_EQ(model.info().default_strength, 1);
    const Image image = scene({40, 30, 3, false, Encoding::display});
    const Image full = enlarge(model, image, {});
    EXPECT_EQ(max_difference(full, enlarge(model, image, 1)), 0);
    const Image plain = enlarge(model, image, 0);
    const Image half = enlarge(model, image, 0.5);
    EXPECT_GT(max_difference(full, plain), 0.05);
    double largest = 0;
    for (std::size_t i = 0; i < half.samples().size(); ++i) {
        const double mean = 0.5 * (static_cast<double>(full.samples()[i]) + plain.samples()[i]);
        largest = std::max(largest, std::abs(mean - half.samples()[i]));
    }
    EXPECT_LT(largest, 1e-6);

    // Plain: a picture of one colour stays it, and a ramp a ramp.
    Image ramp({20, 10, 3, false, Encoding::display});
    for (int y = 0; y < 10; ++y) {
        for (int x = 0; x < 20; ++x) {
            for (int c = 0; c < 3; ++c) ramp.at(x, y, c) = 0.2F + 0.02F * static_cast<float>(x);
        }
    }
    const Image enlarged = enlarge(model, ramp, 0);
    for (int x = 8; x < 32; ++x) {
        EXPECT_NEAR(enlarged.at(x, 10, 1), 0.2 + 0.02 * ((x + 0.5) / 2 - 0.5), 1.5e-3) << x;
    }
    EXPECT_THROW(enlarge(model, image, 1.5), Error);
}

TEST_F(PublishedModel, TheHeaderTellsItsMultiplyAdds) {
    const auto file = write_compact_model(folder_ / "some.safetensors", 2);
    // By hand: 9 * (3*8 + 8*8 + 8*8 + 8*12).
    EXPECT_EQ(count_multiply_adds(file), 2232U);
    EXPECT_EQ(count_multiply_adds(file), Model::load(file).impl().traits.multiply_adds_per_pixel);
}

TEST_F(PublishedModel, StrengthIsTheSameInTiles) {
    const Model model = Model::load(write_compact_model(folder_ / "some.safetensors", 2));
    const Image image = random_rgb(70, 60);
    UpscaleOptions options;
    options.precision = Precision::fp32;
    options.strength = 0.4;
    NoProgress progress;
    const Image whole = Upscaler(model, options).run(image, progress);
    options.tile = 16;
    EXPECT_LT(max_difference(Upscaler(model, options).run(image, progress), whole), 1e-4);
}

TEST_F(PublishedModel, FourChannelsTakeTheMaskAlong) {
    const Model model = Model::load(write_compact_model(folder_ / "mask.safetensors", 2, 4));
    EXPECT_EQ(model.info().colour_channels, 4);
    const Image image = random_image({30, 20, 3, true, Encoding::display});
    const Image result = enlarge(model, image, {});
    ASSERT_EQ(result.channels(), 4);
    // What the network itself makes of the four.
    const auto network = make_network(model, torch::kCPU, torch::kFloat32);
    Image one({2, 2, 3, true, Encoding::display});
    for (float& sample : one.samples()) sample = 1;
    const auto made = network->forward(torch::ones({1, 4, 2, 2}));
    const Image opaque = enlarge(model, one, {});
    for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(opaque.at(1, 2, c), made[0][c][2][1].item<float>(), 1e-5);
    }
    EXPECT_EQ(opaque.at(1, 2, 3), 1) << "opaque stays opaque";
    // Without a mask it is opaque to the network.
    const Image plain = enlarge(model, random_rgb(30, 20), {});
    EXPECT_EQ(plain.channels(), 3);
    const Image grey = enlarge(model, random_image({9, 7, 1, true, Encoding::display}), {});
    EXPECT_EQ(grey.channels(), 2);
}

TEST(NearestArchitecture, IsTheOneThatNamesMost) {
    EXPECT_EQ(layer_pattern("layers.12.residual_group.blocks.3.norm1.weight"),
              "layers.N.residual_group.blocks.N.normN");
    const auto nearest = [](const std::vector<std::string>& names) {
        Shapes shapes;
        for (const std::string& name : names) shapes[name] = {1};
        return nearest_architecture(shapes);
    };
    const std::string swin =
        nearest({"conv_first.weight", "layers.0.residual_group.blocks.0.attn.qkv.weight",
                 "layers.0.residual_group.blocks.0.attn.proj.bias",
                 "layers.0.residual_group.blocks.0.mlp.fc1.weight", "conv_after_body.weight"});
    EXPECT_NE(swin.find("nearest is SwinIR"), std::string::npos) << swin;
    const std::string esrgan =
        nearest({"conv_first.weight", "body.0.rdb1.conv1.weight", "something.else"});
    EXPECT_NE(esrgan.find("nearest is ESRGAN (RRDBNet) (67 % of its names)"), std::string::npos)
        << esrgan;
    EXPECT_EQ(nearest({"encoder.weight", "decoder.weight", "conv_first.bias", "x"}), "");
    EXPECT_EQ(nearest({}), "");
}

}  // namespace
}  // namespace sisr::test
