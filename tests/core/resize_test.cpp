#include "image/resize.h"

#include "support/images.h"
#include "support/shared_data.h"

#include <sisr/image_file.h>

#include <numeric>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

constexpr Kernel kKernels[] = {Kernel::nearest, Kernel::bilinear, Kernel::bicubic,
                               Kernel::lanczos3};
constexpr Size kTargets[] = {{1, 1}, {5, 3}, {20, 14}, {31, 29}, {80, 56}, {17, 60}};

TEST(Resize, WeightsSumToOne) {
    for (const Kernel kernel : kKernels) {
        for (const int output : {1, 3, 10, 37}) {
            for (const Taps& taps : make_taps(10, output, kernel)) {
                const float sum = std::accumulate(taps.weight.begin(), taps.weight.end(), 0.0F);
                EXPECT_NEAR(sum, 1, 1e-6);
            }
        }
    }
}

TEST(Resize, ConstantStaysConstant) {
    Image image({20, 14, 3, true, Encoding::display});
    for (float& sample : image.samples()) sample = 0.375F;
    for (const Kernel kernel : kKernels) {
        for (const Size target : kTargets) {
            for (const float sample : resize(image, target, kernel).samples()) {
                ASSERT_NEAR(sample, 0.375F, 1e-6);
            }
        }
    }
}

TEST(Resize, SameSizeIsIdentity) {
    const Image image = random_rgb(13, 8);
    for (const Kernel kernel : kKernels) {
        EXPECT_LE(max_difference(resize(image, {13, 8}, kernel), image), 1e-6);
    }
}

TEST(Resize, ReductionKeepsTheMean) {
    const Image image = random_rgb(64, 48);
    const auto mean = [](const Image& x) {
        const double sum = std::accumulate(x.samples().begin(), x.samples().end(), 0.0);
        return sum / static_cast<double>(x.samples().size());
    };
    // The kernels' weights add up to the same for every input pixel but those at the border.
    EXPECT_NEAR(mean(resize(image, {16, 12}, Kernel::bicubic)), mean(image), 2e-3);
}

TEST(Resize, StreamedEqualsWhole) {
    const Image image = random_image({20, 14, 3, true, Encoding::display});
    for (const Kernel kernel : kKernels) {
        for (const Size target : kTargets) {
            ImageSink collected;
            ResizingSink sink(collected, target, kernel);
            sink.begin(image.shape());
            for (int y = 0; y < image.height(); y += 5) {
                sink.write_rows(y, std::min(y + 5, image.height()), image.row(y));
            }
            sink.finish();
            EXPECT_LE(max_difference(collected.take(), resize(image, target, kernel)), 1e-5);
        }
    }
}

TEST(Resize, HalvingASmallImageByHand) {
    // MATLAB: imresize([1 2 3 4], 0.5) = 1.4844 3.5156 (kernel of 8 taps, mirrored border).
    Image image({4, 1, 1, false, Encoding::display});
    image.samples() = {1, 2, 3, 4};
    const Image half = resize(image, {2, 1}, Kernel::bicubic);
    double expected = 0;
    double sum = 0;
    const float mirrored[] = {3, 2, 1, 1, 2, 3, 4, 4, 3};  // indices -3 to 5
    for (int i = -3; i <= 5; ++i) {
        const double x = std::fabs((i - 0.5) / 2);
        const double weight = x <= 1   ? 1.5 * x * x * x - 2.5 * x * x + 1
                              : x <= 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2
                                       : 0;
        expected += weight * mirrored[i + 3];
        sum += weight;
    }
    EXPECT_NEAR(half.samples()[0], expected / sum, 1e-6);
    EXPECT_NEAR(half.samples()[0] + half.samples()[1], 5, 1e-6);
}

TEST(SharedDataResize, AgreesWithMatlab) {
    for (const char* set : {"Set5", "Set14"}) {
        for (const int scale : {2, 4}) {
            const fs::path folder =
                shared_data() / "testsets" / set / ("x" + std::to_string(scale));
            SISR_SKIP_WITHOUT(folder);
            for (const auto& entry : fs::directory_iterator(folder / "HR")) {
                const Image truth = read_image(entry.path());
                const Image expected = read_image(folder / "LR" / entry.path().filename());
                const Size size{truth.width() / scale, truth.height() / scale};
                const Image reduced = quantised(resize(truth, size, Kernel::bicubic));
                // For 8-bit images MATLAB also rounds between the two passes, which alone turns one
                // sample in eight by one level.
                EXPECT_LT(mean_difference(reduced, expected), 0.3 / 255) << entry.path();
            }
        }
    }
}

}  // namespace
}  // namespace sisr::test
