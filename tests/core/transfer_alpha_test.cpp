#include "image/alpha.h"
#include "image/transfer.h"

#include "support/images.h"

namespace sisr::test {
namespace {

TEST(Transfer, DecodeInvertsEncode) {
    for (float x = -3; x < 20; x += 0.0137F) {
        EXPECT_NEAR(srgb_decode(srgb_encode(x)), x, 1e-5 * (1 + std::fabs(x)));
    }
}

TEST(Transfer, KnownValues) {
    EXPECT_NEAR(srgb_encode(0.18F), 0.4613561, 1e-5);  // mid grey
    EXPECT_NEAR(srgb_decode(0.5F), 0.2140411, 1e-5);
    EXPECT_EQ(srgb_encode(0), 0);
    EXPECT_NEAR(srgb_encode(1), 1, 1e-6);
    EXPECT_GT(srgb_encode(4), 1.5);
    EXPECT_EQ(srgb_encode(-0.18F), -srgb_encode(0.18F));
}

TEST(Bleed, ReachIsExactlyTheRadius) {
    Image image({21, 1, 1, true, Encoding::display});
    for (int x = 0; x < 21; ++x) image.at(x, 0, 0) = 0.9F;  // rubbish under transparency
    image.at(10, 0, 0) = 0.5F;
    image.at(10, 0, 1) = 0.01F;
    bleed_colour(image.samples().data(), 21, 1, 1, 3);
    for (int x = 0; x < 21; ++x) {
        EXPECT_FLOAT_EQ(image.at(x, 0, 0), std::abs(x - 10) <= 3 ? 0.5F : 0) << x;
        EXPECT_FLOAT_EQ(image.at(x, 0, 1), x == 10 ? 0.01F : 0) << x;
    }
}

TEST(Bleed, LeavesVisiblePixelsAlone) {
    Image image = random_image({16, 12, 3, true, Encoding::display});
    for (int y = 0; y < 12; ++y) image.at(5, y, 3) = 0;
    Image bled = image;
    bleed_colour(bled.samples().data(), 16, 12, 3, 4);
    int changed = 0;
    for (int y = 0; y < 12; ++y) {
        for (int x = 0; x < 16; ++x) {
            for (int c = 0; c < 4; ++c) {
                if (bled.at(x, y, c) == image.at(x, y, c)) continue;
                EXPECT_EQ(x, 5);
                EXPECT_LT(c, 3);
                ++changed;
            }
        }
    }
    EXPECT_EQ(changed, 12 * 3);
}

TEST(Bleed, DoesNotDependOnTheOrderOfPixels) {
    Image image = random_image({17, 11, 3, true, Encoding::display}, 3);
    for (int y = 0; y < 11; ++y) {
        for (int x = 0; x < 17; ++x) {
            if ((x * 7 + y * 5) % 11 != 0) image.at(x, y, 3) = 0;
        }
    }
    const auto mirrored = [](const Image& in) {
        Image out(in.shape());
        for (int y = 0; y < in.height(); ++y) {
            for (int x = 0; x < in.width(); ++x) {
                for (int c = 0; c < in.channels(); ++c) {
                    out.at(x, y, c) = in.at(in.width() - 1 - x, in.height() - 1 - y, c);
                }
            }
        }
        return out;
    };
    Image other = mirrored(image);
    bleed_colour(image.samples().data(), 17, 11, 3, 5);
    bleed_colour(other.samples().data(), 17, 11, 3, 5);
    EXPECT_LE(max_difference(image, mirrored(other)), 1e-6);
}

}  // namespace
}  // namespace sisr::test
