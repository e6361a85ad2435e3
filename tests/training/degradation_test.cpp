#include "degradation/degradation.h"
#include "degradation/bicubic.h"
#include "degradation/blur.h"
#include "degradation/codec.h"
#include "degradation/noise.h"

#include "support/images.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/metrics.h>

#include <array>

namespace sisr::test {
namespace {

using namespace sisr::training;

constexpr double kPi = 3.14159265358979323846;

Image photo_like(int width, int height) {
    Image image = scene({width, height, 3, false, Encoding::display});
    const Image noise = random_rgb(width, height, 3);
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        image.samples()[i] += 0.1F * (noise.samples()[i] - 0.5F);
    }
    return quantised(image);
}

Image degrade(const std::string& text, const Image& image, int seed = 1, bool is_patch = false) {
    Rng rng = sample_rng(static_cast<std::uint64_t>(seed), 0, 0);
    return Degradation::parse(text, 4).apply(image, rng, is_patch).reduced;
}

double deviation(const Image& a, const Image& b) {
    double squares = 0;
    for (std::size_t i = 0; i < a.samples().size(); ++i) {
        const double difference = a.samples()[i] - b.samples()[i];
        squares += difference * difference;
    }
    return std::sqrt(squares / static_cast<double>(a.samples().size()));
}

TEST(DegradationTest, TheEmptyTextIsCleanBicubic) {
    const Image image = photo_like(96, 64);
    EXPECT_EQ(max_difference(degrade("", image), reduce_bicubic(image, 4)), 0);
    EXPECT_EQ(max_difference(degrade("bicubic", image), reduce_bicubic(image, 4)), 0);
    EXPECT_TRUE(Degradation::parse("", 4).is_clean());
}

TEST(DegradationTest, EveryTextGivesTheRightSizeAndEightBits) {
    const Image image = photo_like(128, 96);
    for (const char* text :
         {"photo", "compressed", "real-esrgan", "reduce", "reduce:any", "resize:0.5",
          "resize:1.5:area,reduce", "blur:1,reduce", "aniso:0.5-3,reduce:any", "sinc:1.2,reduce",
          "noise:20:any", "poisson:1:grey", "jpeg:10", "jpeg:40-60:444:shift", "webp:30",
          "(jpeg:40|webp:40)@0.5", "( | jpeg:20)", " blur : 1 , reduce "}) {
        for (int seed = 0; seed < 6; ++seed) {
            const Image result = degrade(text, image, seed, seed % 2 == 1);
            ASSERT_EQ(result.shape().size(), (Size{32, 24})) << text;
            ASSERT_LT(max_difference(result, quantised(result)), 1e-6) << text;
            ASSERT_LT(mean_difference(result, reduce_bicubic(image, 4)), 0.2) << text;
        }
    }
}

TEST(DegradationTest, GreyAndScaleOneToo) {
    const Image grey = quantised(scene({64, 64, 1, false, Encoding::display}));
    for (const char* text :
         {"photo", "compressed", "real-esrgan", "noise:5:any,poisson:1,jpeg:30,webp:30"}) {
        for (int seed = 0; seed < 4; ++seed) {
            EXPECT_EQ(degrade(text, grey, seed).channels(), 1);
            Rng rng = sample_rng(static_cast<std::uint64_t>(seed), 0, 0);
            const Image same = Degradation::parse(text, 1).apply(grey, rng, true).reduced;
            EXPECT_EQ(same.shape().size(), grey.shape().size());
        }
    }
}

TEST(DegradationTest, ASeedGivesTheSameAgain) {
    const Image image = photo_like(128, 96);
    for (const char* text : {"photo", "compressed", "real-esrgan"}) {
        int different = 0;
        for (int seed = 0; seed < 10; ++seed) {
            const Image first = degrade(text, image, seed, true);
            EXPECT_EQ(max_difference(first, degrade(text, image, seed, true)), 0) << text << seed;
            different += max_difference(first, degrade(text, image, seed + 100, true)) > 0 ? 1 : 0;
        }
        EXPECT_GE(different, 9) << text;
    }
}

TEST(DegradationTest, WithoutReduceTheStepsActOnTheReducedImage) {
    const Image image = photo_like(128, 96);
    EXPECT_EQ(
        max_difference(degrade("jpeg:40", image),
                       quantised(through_jpeg(reduce_bicubic(image, 4), 40, Chroma::quarter))),
        0);
    EXPECT_GT(max_difference(degrade("jpeg:40", image), degrade("jpeg:40,reduce", image)), 0);
}

TEST(DegradationTest, WhatComesBeforeTruthIsTheTruths) {
    const Image image = photo_like(128, 96);
    Rng rng = sample_rng(1, 0, 0);
    const auto plain = Degradation::parse("jpeg:40", 1).apply(image, rng, false);
    EXPECT_EQ(max_difference(plain.truth, image), 0);

    const Image aged = quantised(through_jpeg(image, 80, Chroma::quarter));
    for (const int scale : {1, 4}) {
        const auto pair =
            Degradation::parse("jpeg:80,truth,reduce,jpeg:40", scale).apply(image, rng, false);
        EXPECT_EQ(max_difference(pair.truth, aged), 0);
        EXPECT_EQ(pair.reduced.width(), 128 / scale);
        EXPECT_GT(max_difference(pair.reduced, scale == 1 ? aged : reduce_bicubic(aged, 4)), 0);
    }
    const auto late = Degradation::parse("reduce,truth", 4);
    EXPECT_THROW(late.apply(image, rng, false), Error);
}

TEST(DegradationTest, ProbabilitiesAndAlternativesAreKept) {
    const Image image = photo_like(64, 64);
    const Image clean = reduce_bicubic(image, 4);
    int hit = 0;
    int first = 0;
    const Image strong = degrade("jpeg:5", image);
    for (int seed = 0; seed < 400; ++seed) {
        hit += max_difference(degrade("jpeg:5@0.25", image, seed), clean) > 0 ? 1 : 0;
        first += max_difference(degrade("(jpeg:5 | )", image, seed), strong) == 0 ? 1 : 0;
    }
    EXPECT_NEAR(hit, 100, 35);  // four standard deviations
    EXPECT_NEAR(first, 200, 40);
}

TEST(DegradationTest, WhatIsNotUnderstoodIsQuoted) {
    const std::pair<const char*, const char*> kCases[] = {
        {"jpg:40", "jpg"},       {"jpeg", "number"},       {"jpeg:0", "1-100"},
        {"jpeg:101", "1-100"},   {"jpeg:40-30", "range"},  {"jpeg:x", "\"x\""},
        {"jpeg:40:411", "411"},  {"blur:-1", "range"},     {"blur:nan", "range"},
        {"jpeg:40@1.5", "@1.5"}, {"jpeg:40@", "\"@\""},    {"(jpeg:40", "\")\""},
        {"jpeg:40)", "\")\""},   {"jpeg:40,", "comma"},    {"blur:1 jpeg:2", "jpeg"},
        {"reduce:4", "\"4\""},   {"noise:5:blue", "blue"}, {"webp:30-", "\"30-\""},
    };
    for (const auto& [text, quoted] : kCases) {
        try {
            Degradation::parse(text, 4);
            ADD_FAILURE() << text << " was taken";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::usage);
            EXPECT_NE(std::string(error.what()).find(quoted), std::string::npos) << error.what();
        }
    }
}

TEST(DegradationTest, BlocksOfAPatchBeginAnywhereAndOfAnImageAtItsCorner) {
    const Image image = photo_like(256, 256);
    const Image small = reduce_bicubic(image, 4);
    const Image at_corner = quantised(through_jpeg(small, 10, Chroma::quarter));
    EXPECT_EQ(max_difference(degrade("jpeg:10", image, 1, false), at_corner), 0);
    int elsewhere = 0;
    for (int seed = 0; seed < 20; ++seed) {
        const Image patch = degrade("jpeg:10", image, seed, true);
        elsewhere += max_difference(patch, at_corner) > 0 ? 1 : 0;
    }
    EXPECT_GE(elsewhere, 17) << "one of 64 grids begins at the corner";
}

TEST(Blur, TheFastGaussianIsTheGaussian) {
    const Image image = photo_like(40, 31);
    for (const double sigma : {0.3, 1.0, 2.7}) {
        EXPECT_LT(max_difference(gaussian_blur(image, sigma),
                                 blur(image, gaussian_kernel(sigma, sigma, 0.4))),
                  1e-5)
            << sigma;
    }
}

TEST(Blur, AGaussianHasItsDeviationAndDirection) {
    Image point({41, 41, 1, false, Encoding::display});
    point.at(20, 20, 0) = 1;
    const Image spot = blur(point, gaussian_kernel(3, 1, kPi / 2));
    double sum = 0;
    double xx = 0;
    double yy = 0;
    for (int y = 0; y < 41; ++y) {
        for (int x = 0; x < 41; ++x) {
            const double value = spot.at(x, y, 0);
            sum += value;
            xx += value * (x - 20) * (x - 20);
            yy += value * (y - 20) * (y - 20);
        }
    }
    EXPECT_NEAR(sum, 1, 1e-4);
    EXPECT_NEAR(std::sqrt(xx), 1, 0.05);
    EXPECT_NEAR(std::sqrt(yy), 3, 0.1);  // cut at three deviations
}

TEST(Blur, ASincCutsHighFrequenciesOnly) {
    const auto amplitude = [](double frequency) {
        Image wave({128, 64, 1, false, Encoding::display});
        for (int y = 0; y < 64; ++y) {
            for (int x = 0; x < 128; ++x) {
                wave.at(x, y, 0) = static_cast<float>(std::cos(frequency * x));
            }
        }
        const Image passed = blur(wave, sinc_kernel(1.5, 10));
        double largest = 0;
        for (int x = 32; x < 96; ++x) {
            largest = std::max<double>(largest, std::fabs(passed.at(x, 32, 0)));
        }
        return largest;
    };
    EXPECT_NEAR(amplitude(0.5), 1, 0.15);
    EXPECT_LT(amplitude(2.5), 0.15);
}

TEST(Noise, HasItsDeviation) {
    Image grey({200, 200, 3, false, Encoding::display});
    std::fill(grey.samples().begin(), grey.samples().end(), 0.5F);
    Rng rng = sample_rng(1, 2, 3);
    Image noisy = grey;
    add_gaussian_noise(noisy, 10, false, rng);
    EXPECT_NEAR(255 * deviation(noisy, grey), 10, 0.2);
    noisy = grey;
    add_poisson_noise(noisy, 2, false, rng);
    EXPECT_NEAR(255 * deviation(noisy, grey), 2 * std::sqrt(127.5), 0.5);
    noisy = grey;
    add_gaussian_noise(noisy, 10, true, rng);
    for (int x = 0; x < 200; ++x) {
        EXPECT_EQ(noisy.at(x, 7, 0), noisy.at(x, 7, 1));
        EXPECT_EQ(noisy.at(x, 7, 0), noisy.at(x, 7, 2));
    }
}

TEST(Noise, FewPhotonsAreCountedExactly) {
    Image dark({300, 300, 1, false, Encoding::display});
    std::fill(dark.samples().begin(), dark.samples().end(), 3.0F / 255);
    Rng rng = sample_rng(1, 2, 4);
    Image noisy = dark;
    add_poisson_noise(noisy, 1, false, rng);
    std::array<int, 3> counts{};
    for (const float sample : noisy.samples()) {
        const auto photons = static_cast<std::size_t>(std::lround(255 * sample));
        if (photons < counts.size()) ++counts[photons];
    }
    // Poisson of mean 3: e^-3 * 3^k / k!.
    EXPECT_NEAR(counts[0], 90000 * 0.0498, 350);
    EXPECT_NEAR(counts[1], 90000 * 0.1494, 500);
    EXPECT_NEAR(counts[2], 90000 * 0.2240, 600);
}

TEST(Codec, JpegIsAsPillowsAtTheSameQuality) {
    const std::vector<std::string> python{"/usr/bin/python3", "-c", "import PIL"};
    if (run_command(python).exit_code != 0) GTEST_SKIP() << "python3-pil is not installed";
    const TempDir folder;
    const Image image = photo_like(203, 151);
    write_image(folder / "a.png", image);
    for (const auto& [chroma, subsampling] :
         {std::pair{Chroma::quarter, "2"}, std::pair{Chroma::full, "0"}}) {
        const std::string script =
            "import PIL.Image as I; I.open('a.png').save('a.jpg', quality=40, "
            "subsampling=" +
            std::string(subsampling) + "); I.open('a.jpg').save('b.png')";
        const auto result = run_command(
            {"/bin/sh", "-c",
             "cd '" + folder.path().string() + "' && /usr/bin/python3 -c \"" + script + "\""});
        ASSERT_EQ(result.exit_code, 0) << result.err;
        const double pillow = psnr_y(image, read_image(folder / "b.png"), 0);
        const double ours = psnr_y(image, through_jpeg(image, 40, chroma), 0);
        EXPECT_NEAR(ours, pillow, 0.3);
        RecordProperty("psnr_ours", std::to_string(ours));
        RecordProperty("psnr_pillow", std::to_string(pillow));
    }
}

TEST(Codec, QualityAndChromaMatter) {
    const Image image = photo_like(96, 96);
    const double q10 = psnr_y(image, through_jpeg(image, 10, Chroma::quarter), 0);
    const double q90 = psnr_y(image, through_jpeg(image, 90, Chroma::quarter), 0);
    EXPECT_GT(q90, q10 + 3);
    EXPECT_LT(deviation(image, through_jpeg(image, 90, Chroma::full)),
              deviation(image, through_jpeg(image, 90, Chroma::quarter)));
    EXPECT_GT(psnr_y(image, through_webp(image, 90), 0),
              psnr_y(image, through_webp(image, 10), 0) + 2);
}

}  // namespace
}  // namespace sisr::test
