/// What pictures look like: the losses that aim at it and the figures that tell it.
#include "run/looks.h"
#include "objectives/losses/perceptual.h"
#include "objectives/losses/phase.h"
#include "objectives/losses/sharpen.h"
#include "record/contact_sheet.h"
#include "run/quality.h"

#include "support/images.h"
#include "support/run_command.h"
#include "support/shared_data.h"
#include "support/squeezenet_file.h"
#include "support/temp_dir.h"

#include "formats/safetensors.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <nlohmann/json.hpp>

#include <cmath>

namespace sisr::test {
namespace {

using namespace sisr::training;

/// Upright stripes from -1 to 1, [1,1,side,side].
torch::Tensor stripes(int side, int period) {
    const auto x = torch::arange(side, torch::kFloat32);
    return torch::cos(2 * M_PI / period * x).view({1, 1, 1, side}).expand({1, 1, side, side});
}

TEST(PhaseLoss, SeesPatternsThatAreLockedToTheGridAndNoOthers) {
    torch::manual_seed(1);
    const auto truth = torch::rand({1, 3, 128, 128});
    EXPECT_EQ(phase_loss(truth, truth, 4).item<float>(), 0);
    EXPECT_NEAR(phase_loss(truth + 0.1, truth, 4).item<float>(), 0, 1e-6) << "another brightness";
    const auto weave = 0.02 * stripes(128, 4);
    const double of_weave = phase_loss(truth + weave, truth, 4).item<double>();
    EXPECT_NEAR(of_weave, 0.01, 0.002) << "its phases are 1, 0, -1, 0";
    // Noise of the same power and stripes of another period hardly show.
    const auto noise = 0.02 / std::sqrt(2.0) * torch::randn({1, 1, 128, 128});
    EXPECT_LT(phase_loss(truth + noise, truth, 4).item<double>(), 0.2 * of_weave);
    const auto other = 0.02 * stripes(128, 5);
    EXPECT_LT(phase_loss(truth + other, truth, 4).item<double>(), 0.3 * of_weave);
}

TEST(PhaseLoss, WorksForEveryScaleAndSize) {
    const auto truth = torch::rand({2, 3, 24, 48});
    EXPECT_EQ(phase_loss(truth, truth + 0.1, 1).item<float>(), 0);
    for (const int scale : {2, 3, 4, 8}) {
        const auto result = torch::rand_like(truth).requires_grad_();
        phase_loss(result, truth, scale).backward();
        EXPECT_GT(result.grad().abs().max().item<float>(), 0) << scale;
    }
}

TEST(Sharpen, TheWideBlurIsAGaussianOfEightPixels) {
    torch::manual_seed(2);
    // Noise is the hardest: whatever the means of 4x4 lose is largest there.
    const auto image = torch::rand({1, 1, 256, 256}, torch::kFloat64);
    const auto x = torch::arange(-32, 33, torch::kFloat64);
    auto row = torch::exp(-x.square() / 128);
    row = (row / row.sum()).view({1, 1, 1, -1});
    const auto expected = torch::conv2d(torch::conv2d(image, row), row.transpose(2, 3));
    const auto found = wide_blur(image.to(torch::kFloat32)).slice(2, 32, 224).slice(3, 32, 224);
    EXPECT_LT((found - expected).abs().max().item<double>(), 2.0 / 255);
    EXPECT_LT((found - expected).square().mean().sqrt().item<double>(), 0.5 / 255);
    const auto constant = torch::full({2, 3, 37, 50}, 0.25);
    EXPECT_TRUE(torch::allclose(wide_blur(constant), constant));
    EXPECT_TRUE(torch::allclose(wide_blur(constant, 2), constant));
}

TEST(Sharpen, ASmallRadiusChangesNothingFarFromAnEdge) {
    auto image = torch::full({1, 3, 64, 64}, 0.3);
    image.slice(3, 32) = 0.6;
    const auto sharp = sharpened(image, 0.8, 2);
    EXPECT_GT(sharp.slice(3, 32, 33).min().item<float>(), 0.65);
    EXPECT_LT(sharp.slice(3, 31, 32).max().item<float>(), 0.25);
    EXPECT_TRUE(torch::allclose(sharp.slice(3, 45, 64), image.slice(3, 45, 64), 0, 1e-4));
}

TEST(Sharpen, EdgesGainContrastAndFlatPlacesStay) {
    auto image = torch::full({1, 3, 96, 96}, 0.3);
    image.slice(3, 48) = 0.6;
    EXPECT_TRUE(torch::equal(sharpened(image, 0), image));
    const auto sharp = sharpened(image, 0.5);
    EXPECT_LT(sharp.slice(3, 46, 48).max().item<float>(), 0.3);
    EXPECT_GT(sharp.slice(3, 48, 50).min().item<float>(), 0.6);
    EXPECT_TRUE(torch::allclose(sharp.slice(3, 0, 8), image.slice(3, 0, 8), 0, 0.01));
    // Grain of less than 10 of 255 is not made stronger.
    const auto grainy =
        0.5 + 0.01 * torch::randn({1, 1, 96, 96}).clamp(-3, 3).expand({1, 3, 96, 96});
    EXPECT_TRUE(torch::allclose(sharpened(grainy, 0.5), grainy, 0, 1e-3));
    EXPECT_LE(sharpened(torch::rand({1, 3, 64, 64}), 2).max().item<float>(), 1);
}

TEST(Looks, TheGridFigureSeesAWeave) {
    Image image = random_rgb(256, 256);
    const double plain = grid_db(image, 4);
    EXPECT_LT(std::fabs(plain), 3);
    for (int y = 0; y < 256; ++y) {
        for (int x = 0; x < 256; ++x) {
            for (int c = 0; c < 3; ++c) {
                float& sample = image.samples()[static_cast<std::size_t>((y * 256 + x) * 3 + c)];
                sample = 0.2F + 0.6F * sample + (x % 4 == 0 ? 0.1F : 0.0F);
            }
        }
    }
    EXPECT_GT(grid_db(image, 4), plain + 6);
    EXPECT_TRUE(std::isnan(grid_db(random_rgb(63, 100), 4)));
}

TEST(Looks, TheCompositeNeedsAllThreeAndPunishesAWeave) {
    Quality quality;
    EXPECT_FALSE(looks_figure(quality));
    quality.lpips = 0.2;
    quality.niqe = 5;
    EXPECT_FALSE(looks_figure(quality));
    quality.grid = -1;
    EXPECT_NEAR(*looks_figure(quality), 0.25, 1e-9);
    quality.grid = 18;
    EXPECT_NEAR(*looks_figure(quality), 0.43, 1e-9);
}

TEST(Looks, AMeanIsOverTheImagesThatHaveAFigure) {
    Quality small;
    small.psnr = 30;
    Quality large = small;
    large.psnr = 20;
    large.niqe = 4;
    const Quality mean = mean_quality({small, large});
    EXPECT_NEAR(mean.psnr, 25, 1e-9);
    EXPECT_NEAR(mean.niqe.value(), 4, 1e-9);
    EXPECT_FALSE(mean.lpips);
    EXPECT_EQ(quality_values(mean).count("niqe"), 1U);
    EXPECT_EQ(quality_values(mean).count("lpips"), 0U);
    EXPECT_EQ(describe(mean), "25.000 dB, SSIM 0.0000, NIQE 4.00");
}

TEST(Looks, FilesThatDoNotFitAreTold) {
    const TempDir folder;
    const auto network = write_random_squeezenet(folder / "squeezenet.safetensors");
    EXPECT_THROW(Lpips{network}, Error) << "holds no linear layers";
    EXPECT_THROW(Niqe{network}, Error);
    EXPECT_THROW(load_measures({{}, network, {}}), Error) << "linear layers without a network";
    EXPECT_THROW(PerceptualLoss({network}, {}, "lpips", FeatureDistance::mse), Error);
}

/// A photograph's coarser copy beside it, as files for the script and as images for us.
class SharedDataLooks : public ::testing::Test {
protected:
    void SetUp() override {
        const auto data = shared_data();
        weights_ = data / "perceptual";
        script_ = data.parent_path() / "tools/looks.py";
        set_ = data / "testsets/Set14/x4";
        SISR_SKIP_WITHOUT(script_);
        SISR_SKIP_WITHOUT(weights_ / "lpips_squeezenet1_1_linear.safetensors");
        SISR_SKIP_WITHOUT(set_);
    }
    TempDir folder_;
    std::filesystem::path weights_, script_, set_;
};

TEST_F(SharedDataLooks, FiguresAreThoseOfTheScript) {
    const auto converter = std::filesystem::path(SISR_SOURCE_DIR) / "training/tools/convert-niqe";
    const auto converted = run_command({"/usr/bin/python3", converter.string(),
                                        (weights_ / "niqe_pristine.npz").string(),
                                        (folder_ / "niqe.safetensors").string()});
    if (converted.exit_code != 0) GTEST_SKIP() << "python3-numpy is missing: " << converted.err;
    const Measures measures = load_measures({weights_ / "squeezenet1_1_features.safetensors",
                                             weights_ / "lpips_squeezenet1_1_linear.safetensors",
                                             folder_ / "niqe.safetensors"});
    std::filesystem::create_directories(folder_ / "hr");
    std::filesystem::create_directories(folder_ / "sr");
    std::vector<Quality> rows;
    for (const char* name : {"img_001.png", "img_011.png"}) {
        const Image truth = read_image(set_ / "HR" / name);
        Image poor = truth;
        for (float& sample : poor.samples()) sample = std::round(255 * sample / 16) * 16 / 255;
        write_image(folder_ / "hr" / name, truth);
        write_image(folder_ / "sr" / name, poor);
        rows.push_back(measure_quality(truth, read_image(folder_ / "sr" / name), 4, 4, measures));
    }
    CommandOptions options;
    options.timeout = std::chrono::seconds(300);
    const auto result = run_command({"/usr/bin/python3", script_.string(), "--json", "--hr",
                                     (folder_ / "hr").string(), (folder_ / "sr").string()},
                                    options);
    if (result.exit_code != 0) GTEST_SKIP() << "the script needs python3-torch: " << result.err;
    const auto expected = nlohmann::json::parse(result.out);
    const Quality mean = mean_quality(rows);
    EXPECT_NEAR(*mean.lpips, expected["lpips"].get<double>(), 1e-3);
    EXPECT_NEAR(*mean.grid, expected["grid_db"].get<double>(), 0.01);
    EXPECT_NEAR(mean.psnr, expected["psnr_y"].get<double>(), 0.01);
    // The half-size picture differs at its border, where another library mirrors otherwise.
    EXPECT_NEAR(*mean.niqe, expected["niqe"].get<double>(), 0.05);
}

TEST_F(SharedDataLooks, LpipsIsALossToo) {
    const PerceptualLoss loss({weights_ / "squeezenet1_1_features.safetensors"},
                              weights_ / "lpips_squeezenet1_1_linear.safetensors", "lpips:0.5",
                              FeatureDistance::mse);
    const FeatureMetric metric(weights_ / "squeezenet1_1_features.safetensors",
                               weights_ / "lpips_squeezenet1_1_linear.safetensors");
    const Image truth = crop(read_image(set_ / "HR/img_001.png"), 0, 0, {128, 128});
    const Image other = crop(read_image(set_ / "HR/img_011.png"), 0, 0, {128, 128});
    const auto result = as_rgb_tensor(other).requires_grad_();
    const auto found = loss(result, as_rgb_tensor(truth));
    EXPECT_NEAR(found.item<double>(), 0.5 * metric(truth, other).lpips.value(), 1e-4);
    found.backward();
    EXPECT_GT(result.grad().abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace sisr::test
