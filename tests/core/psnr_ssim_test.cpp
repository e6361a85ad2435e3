#include "image/resize.h"

#include "support/images.h"
#include "support/shared_data.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/metrics.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

TEST(Psnr, OfAKnownDifference) {
    Image reference({20, 20, 3, false, Encoding::display});
    Image result = reference;
    for (float& sample : result.samples()) sample = 10.0F / 255;
    // Ten grey levels are 10 * 219 / 255 levels of studio luma.
    const double difference = 10 * 219.0 / 255;
    EXPECT_NEAR(psnr_y(reference, result, 4), 20 * std::log10(255 / difference), 1e-4);
}

TEST(Psnr, IdenticalImagesGive99) {
    const Image image = random_rgb(20, 20);
    EXPECT_EQ(psnr_y(image, image, 0), 99);
    EXPECT_NEAR(ssim_y(image, image, 0), 1, 1e-12);
}

TEST(Psnr, TheBorderDoesNotCount) {
    const Image reference = random_rgb(30, 30);
    Image result = reference;
    result.at(3, 15, 0) += 0.5F;
    EXPECT_EQ(psnr_y(reference, result, 4), 99);
    EXPECT_LT(psnr_y(reference, result, 3), 60);
}

TEST(Psnr, GreyCountsAsRgbOfEqualChannels) {
    const Image grey = random_image({24, 24, 1, false, Encoding::display}, 1);
    const Image other = random_image({24, 24, 1, false, Encoding::display}, 2);
    const auto to_rgb = [](const Image& in) {
        Image out({in.width(), in.height(), 3, false, Encoding::display});
        for (std::size_t i = 0; i < out.samples().size(); ++i)
            out.samples()[i] = in.samples()[i / 3];
        return out;
    };
    EXPECT_NEAR(psnr_y(grey, other, 2), psnr_y(to_rgb(grey), to_rgb(other), 2), 1e-9);
    EXPECT_NEAR(ssim_y(grey, other, 2), ssim_y(to_rgb(grey), to_rgb(other), 2), 1e-9);
}

TEST(Ssim, FallsWithNoise) {
    const Image reference = scene({64, 64, 3, false, Encoding::display});
    const Image noise = random_rgb(64, 64);
    double previous = 1;
    for (const float strength : {0.05F, 0.1F, 0.3F}) {
        Image result = reference;
        for (std::size_t i = 0; i < result.samples().size(); ++i) {
            result.samples()[i] += strength * (noise.samples()[i] - 0.5F);
        }
        const double ssim = ssim_y(reference, result, 4);
        EXPECT_LT(ssim, previous);
        previous = ssim;
    }
}

TEST(Metrics, RefuseWhatCannotBeCompared) {
    EXPECT_THROW(psnr_y(random_rgb(8, 8), random_rgb(8, 9), 0), Error);
    EXPECT_THROW(psnr_y(random_rgb(8, 8), random_rgb(8, 8), 4), Error);
    EXPECT_THROW(ssim_y(random_rgb(10, 40), random_rgb(10, 40), 0), Error);
}

TEST(SharedDataMetrics, BicubicIsAsPublished) {
    // Mean of Set5 x4 by MATLAB's bicubic: 28.43 dB and .811 by an independent script.
    const fs::path folder = shared_data() / "testsets/Set5/x4";
    SISR_SKIP_WITHOUT(folder);
    double psnr = 0;
    double ssim = 0;
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder / "HR")) {
        const Image truth = read_image(entry.path());
        const Image reduced = read_image(folder / "LR" / entry.path().filename());
        const Image result = resize(reduced, truth.shape().size(), Kernel::bicubic);
        psnr += psnr_y(truth, result, 4);
        ssim += ssim_y(truth, result, 4);
        ++count;
    }
    EXPECT_NEAR(psnr / count, 28.43, 0.01);
    EXPECT_NEAR(ssim / count, 0.811, 0.001);
}

}  // namespace
}  // namespace sisr::test
