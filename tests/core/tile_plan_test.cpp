#include "engine/tile_plan.h"

#include <gtest/gtest.h>

#include <vector>

namespace sisr::test {
namespace {

struct Case {
    Size image;
    int overlap;
    TileBudget budget;
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const int width : {1, 2, 31, 32, 33, 64, 97, 500}) {
        for (const int height : {1, 5, 32, 96, 333}) {
            for (const int overlap : {0, 3, 19, 40}) {
                for (const int tile : {1, 7, 32, 1000})
                    all.push_back({{width, height}, overlap, {0, 1, 0, tile}});
                for (const std::size_t pixels : {1, 4000, 30000, 10000000}) {
                    all.push_back({{width, height}, overlap, {pixels, 1, pixels % 7, 0}});
                }
            }
        }
    }
    return all;
}

TEST(TilePlan, CropsCoverTheImageOnceInOrder) {
    for (const Case& c : cases()) {
        int y = 0;
        for (const Band& band : plan_tiles(c.image, c.overlap, c.budget)) {
            ASSERT_EQ(band.y0, y);
            ASSERT_GT(band.y1, band.y0);
            int x = 0;
            for (const Tile& tile : band.tiles) {
                ASSERT_EQ(tile.crop.x0, x);
                ASSERT_GT(tile.crop.x1, tile.crop.x0);
                ASSERT_EQ(tile.crop.y0, band.y0);
                ASSERT_EQ(tile.crop.y1, band.y1);
                x = tile.crop.x1;
            }
            ASSERT_EQ(x, c.image.width);
            y = band.y1;
        }
        ASSERT_EQ(y, c.image.height);
    }
}

TEST(TilePlan, InputsAreCropsGrownByTheOverlapInsideTheImage) {
    for (const Case& c : cases()) {
        for (const Band& band : plan_tiles(c.image, c.overlap, c.budget)) {
            for (const Tile& tile : band.tiles) {
                ASSERT_EQ(tile.input.x0, std::max(0, tile.crop.x0 - c.overlap));
                ASSERT_EQ(tile.input.y0, std::max(0, tile.crop.y0 - c.overlap));
                ASSERT_EQ(tile.input.x1, std::min(c.image.width, tile.crop.x1 + c.overlap));
                ASSERT_EQ(tile.input.y1, std::min(c.image.height, tile.crop.y1 + c.overlap));
                ASSERT_EQ(tile.input.y0, band.input_y0);
                ASSERT_EQ(tile.input.y1, band.input_y1);
            }
        }
    }
}

TEST(TilePlan, InputRowsAdvance) {
    for (const Case& c : cases()) {
        int begin = 0;
        int end = 0;
        for (const Band& band : plan_tiles(c.image, c.overlap, c.budget)) {
            ASSERT_GE(band.input_y0, begin);
            ASSERT_GE(band.input_y1, end);
            begin = band.input_y0;
            end = band.input_y1;
        }
    }
}

TEST(TilePlan, KeepsToTheBudgetWhereATileIsUseful) {
    for (const std::size_t band_bytes : {0, 10, 50}) {
        const TileBudget budget{100 * 400 * 400, 100, band_bytes, 0};
        for (const Size image :
             {Size{5000, 5000}, Size{100, 9000}, Size{9000, 100}, Size{150, 150}}) {
            for (const Band& band : plan_tiles(image, 20, budget)) {
                const auto band_pixels =
                    static_cast<std::size_t>(image.width) * (band.y1 - band.y0);
                for (const Tile& tile : band.tiles) {
                    const auto pixels =
                        static_cast<std::size_t>(tile.input.width()) * tile.input.height();
                    const std::size_t beside =
                        band.tiles.size() == 1 ? 0 : band_bytes * band_pixels;
                    ASSERT_LE(100 * pixels + beside, budget.memory_bytes)
                        << image.width << " " << band_bytes;
                }
            }
        }
    }
}

TEST(TilePlan, WholeImageWhenItFits) {
    const auto bands = plan_tiles({640, 480}, 19, {640 * 480 * 2, 1, 1, 0});
    ASSERT_EQ(bands.size(), 1U);
    EXPECT_EQ(bands[0].tiles.size(), 1U);
}

TEST(TilePlan, TakesWhatComputesTheLeastTwice) {
    for (const Band& band : plan_tiles({1000, 4000}, 19, {1000 * 300, 1, 0, 0})) {
        EXPECT_EQ(band.tiles.size(), 1U);
    }
    // Bands of full width would be 22 rows high and read 60.
    for (const Band& band : plan_tiles({5000, 4000}, 19, {5000 * 60, 1, 0, 0})) {
        EXPECT_EQ(band.tiles.size(), 10U);
    }
}

}  // namespace
}  // namespace sisr::test
