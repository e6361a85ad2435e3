#include "data/batch_loader.h"
#include "data/pack.h"
#include "data/patch_source.h"
#include "data/sample.h"
#include "degradation/bicubic.h"

#include "image/resize.h"
#include "support/images.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

class PatchesTest : public ::testing::Test {
protected:
    void SetUp() override {
        // PNG keeps what is written, so that patches can be found again.
        write_image(folder_ / "a.png", quantised(random_rgb(100, 90, 1)));
        write_image(folder_ / "b.png",
                    quantised(random_image({80, 120, 1, false, Encoding::display}, 2)));
        write_image(folder_ / "c.tif",
                    quantised(random_image({96, 96, 3, true, Encoding::display}, 3)));
    }
    PatchSource make_source(int patch = 32, int grid = 4, int margin = 12) {
        PatchSourceOptions options;
        options.patch = patch;
        options.grid = grid;
        options.margin = margin;
        return {{folder_.path()}, options, [this](const std::string& line) {
                    warnings_.push_back(line);
                }};
    }
    TempDir folder_;
    std::vector<std::string> warnings_;
    const Degradation clean_ = Degradation::parse("", 4);
};

TEST_F(PatchesTest, UnreadableAndSmallFilesAreNamedAndLeftOut) {
    write_bytes(folder_ / "text.png", "no picture");
    write_bytes(folder_ / "empty.jpg", "");
    write_image(folder_ / "small.png", random_rgb(31, 200));
    const PatchSource source = make_source();
    EXPECT_EQ(source.image_count(), 3U);
    ASSERT_EQ(warnings_.size(), 3U);
    EXPECT_NE(warnings_[0].find("empty.jpg"), std::string::npos);
    EXPECT_NE(warnings_[1].find("small.png"), std::string::npos);
    EXPECT_NE(warnings_[2].find("text.png"), std::string::npos);
}

TEST_F(PatchesTest, NothingToTrainOnIsAnError) {
    const TempDir empty;
    const auto ignore = [](const std::string&) {};
    EXPECT_THROW(PatchSource({empty.path()}, {}, ignore), Error);
    EXPECT_THROW(PatchSource({empty / "missing"}, {}, ignore), Error);
}

TEST_F(PatchesTest, PatchesAreCutFromTheImages) {
    const PatchSource source = make_source();
    const Image a = read_image(folder_ / "a.png");
    int found = 0;
    for (int i = 0; i < 60; ++i) {
        Rng rng = sample_rng(1, i, 0);
        const Patch patch = source.patch(rng);
        ASSERT_EQ(patch.left % 4, 0);
        ASSERT_EQ(patch.top % 4, 0);
        ASSERT_LE(patch.left + 32, patch.pixels.width());
        ASSERT_LE(patch.top + 32, patch.pixels.height());
        for (int y = 0; y + 32 <= a.height(); y += 4) {
            for (int x = 0; x + 32 <= a.width(); x += 4) {
                bool same = true;
                for (int row = 0; row < 32 && same; ++row) {
                    for (int k = 0; k < 96 && same; ++k) {
                        same = std::fabs(patch.pixels.row(patch.top + row)[patch.left * 3 + k] -
                                         a.row(y + row)[x * 3 + k]) < 1e-6F;
                    }
                }
                found += same ? 1 : 0;
            }
        }
    }
    EXPECT_GT(found, 8) << "a third of the patches should come from a.png";
    EXPECT_LT(found, 40);
}

TEST_F(PatchesTest, APatchReducedAloneIsThatPartOfTheReducedImage) {
    const TempDir single;
    const Image image = quantised(random_rgb(128, 96, 7));
    write_image(single / "a.png", image);
    PatchSourceOptions options;
    options.patch = 32;
    options.grid = 4;
    options.margin = 12;
    const PatchSource source({single.path()}, options, [](const std::string&) {});
    const Image whole = reduce_bicubic(image, 4);
    for (int i = 0; i < 40; ++i) {
        Rng rng = sample_rng(5, i, 0);
        const Patch patch = source.patch(rng);
        const Image reduced = reduce_bicubic(patch.pixels, 4);
        bool found = false;
        for (int y = 0; y + 8 <= whole.height() && !found; ++y) {
            for (int x = 0; x + 8 <= whole.width() && !found; ++x) {
                double worst = 0;
                for (int row = 0; row < 8; ++row) {
                    for (int k = 0; k < 24; ++k) {
                        const float a = reduced.row(patch.top / 4 + row)[patch.left / 4 * 3 + k];
                        worst =
                            std::max<double>(worst, std::fabs(a - whole.row(y + row)[x * 3 + k]));
                    }
                }
                found = worst < 1.01 / 255;  // a value at a rounding's edge may fall either way
            }
        }
        EXPECT_TRUE(found) << i;
    }
}

TEST_F(PatchesTest, FlatPlacesAreAvoided) {
    const TempDir single;
    Image image({256, 256, 3, false, Encoding::display});
    const Image noise = random_rgb(64, 64);
    for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
            for (int c = 0; c < 3; ++c) image.at(x + 96, y + 96, c) = noise.at(x, y, c);
        }
    }
    write_image(single / "a.png", image);
    PatchSourceOptions options;
    options.patch = 32;
    const auto count_flat = [&] {
        const PatchSource source({single.path()}, options, [](const std::string&) {});
        int flat = 0;
        for (int i = 0; i < 200; ++i) {
            Rng rng = sample_rng(1, i, 0);
            const Patch patch = source.patch(rng);
            float most = 0;
            for (const float sample : patch.pixels.samples()) most = std::max(most, sample);
            flat += most == 0 ? 1 : 0;
        }
        return flat;
    };
    // A single draw is flat in four of five cases; four draws in less than a half.
    EXPECT_LT(count_flat(), 100);
    options.flat_retries = 0;
    EXPECT_GT(count_flat(), 130);
}

TEST_F(PatchesTest, ASampleDependsOnItsNumbersOnly) {
    const PatchSource source = make_source();
    BatchOptions options;
    options.batch = 5;
    options.patch = 8;
    options.seed = 42;
    std::vector<Batch> first;
    {
        options.threads = 1;
        BatchLoader loader(source, clean_, options, 0);
        for (int i = 0; i < 8; ++i) first.push_back(loader.next());
    }
    options.threads = 3;
    BatchLoader later(source, clean_, options, 3);
    for (int i = 3; i < 8; ++i) {
        const Batch batch = later.next();
        EXPECT_TRUE(torch::equal(batch.lr, first[static_cast<std::size_t>(i)].lr)) << i;
        EXPECT_TRUE(torch::equal(batch.hr, first[static_cast<std::size_t>(i)].hr)) << i;
    }
    EXPECT_FALSE(torch::equal(first[0].hr, first[1].hr));
    options.seed = 43;
    BatchLoader other(source, clean_, options, 0);
    EXPECT_FALSE(torch::equal(other.next().hr, first[0].hr));
}

TEST_F(PatchesTest, ALoadersSamplesAreThoseThatAnybodyMakes) {
    const PatchSource source = make_source();
    const auto photo = Degradation::parse("photo", 4);
    BatchOptions options;
    options.seed = 7;
    options.batch = 3;
    options.patch = 8;
    options.first_index = 6;
    BatchLoader loader(source, photo, options, 5);
    for (const std::int64_t step : {5, 6}) {
        const Batch batch = loader.next();
        for (int i = 0; i < 3; ++i) {
            const Sample made = sample(source, photo, 8, 7, step, 6 + i);
            EXPECT_TRUE(torch::equal(batch.lr[i], made.lr));
            EXPECT_TRUE(torch::equal(batch.hr[i], made.hr));
        }
    }
}

TEST_F(PatchesTest, APackGivesTheSamePatches) {
    const PatchSource source = make_source();
    const TempDir elsewhere;
    source.pack(elsewhere / "photos.pack");
    EXPECT_TRUE(is_pack(elsewhere / "photos.pack"));
    EXPECT_FALSE(is_pack(folder_ / "a.png"));
    EXPECT_FALSE(is_pack(folder_.path()));
    PatchSourceOptions options;
    options.patch = 32;
    options.memory_bytes = 1;  // of decoded images, of which there are none
    const PatchSource packed({elsewhere / "photos.pack"}, options, [](const std::string&) {});
    EXPECT_EQ(packed.image_count(), source.image_count());
    EXPECT_EQ(packed.megapixels(), source.megapixels());
    for (std::size_t i = 0; i < source.audited().size(); ++i) {
        EXPECT_EQ(packed.audited()[i].file, source.audited()[i].file);
        EXPECT_EQ(packed.audited()[i].fingerprint, source.audited()[i].fingerprint);
        EXPECT_EQ(packed.audited()[i].thumbnail, source.audited()[i].thumbnail);
        EXPECT_EQ(packed.audited()[i].blockiness, source.audited()[i].blockiness);
    }
    for (int i = 0; i < 20; ++i) {
        const Sample a = sample(source, clean_, 8, 1, 0, i);
        const Sample b = sample(packed, clean_, 8, 1, 0, i);
        EXPECT_TRUE(torch::equal(a.lr, b.lr) && torch::equal(a.hr, b.hr));
    }
}

TEST_F(PatchesTest, ADamagedPackIsTold) {
    make_source().pack(folder_ / "photos.pack");
    const std::string good = read_bytes(folder_ / "photos.pack");
    const auto reason = [&](const std::string& bytes) -> std::string {
        write_bytes(folder_ / "photos.pack", bytes);
        try {
            open_pack(folder_ / "photos.pack");
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    };
    EXPECT_EQ(reason(good), "none");
    std::string changed = good;
    changed[changed.size() - 100] ^= 1;
    EXPECT_NE(reason(changed).find("c.tif\" has changed"), std::string::npos) << reason(changed);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{7}, good.size() / 2, good.size() - 1}) {
        EXPECT_NE(reason(good.substr(0, size)), "none") << size;
    }
}

TEST_F(PatchesTest, PairsShowTheSamePlaceInEveryOrientation) {
    const PatchSource source = make_source(64);
    BatchOptions options;
    options.batch = 32;
    options.patch = 16;
    BatchLoader loader(source, clean_, options, 0);
    const Batch batch = loader.next();
    EXPECT_EQ(batch.lr.sizes().vec(), (std::vector<std::int64_t>{32, 3, 16, 16}));
    EXPECT_EQ(batch.hr.sizes().vec(), (std::vector<std::int64_t>{32, 3, 64, 64}));
    // The mean of 4x4 pixels is near to a bicubic reduction, and far from that of another place.
    const auto reduced = torch::avg_pool2d(batch.hr, 4);
    const auto distance = [](const torch::Tensor& a, const torch::Tensor& b) {
        return (a - b).abs().mean().item<double>();
    };
    EXPECT_LT(distance(reduced, batch.lr), 0.05);
    EXPECT_GT(distance(reduced.flip({2}), batch.lr), 0.06);
    EXPECT_GT(distance(reduced.flip({3}), batch.lr), 0.06);
    EXPECT_GT(distance(reduced.transpose(2, 3), batch.lr), 0.06);
}

TEST(PatchSource, WhatIsKeptApartIsInNoPatch) {
    const TempDir folder;
    Image picture({300, 320, 3, false, Encoding::display});
    constexpr int kLit = 192;  // the lowest rows, and no others
    for (int y = picture.height() - kLit; y < picture.height(); ++y) {
        std::fill_n(picture.row(y), picture.shape().row_samples(), 1.0F);
    }
    write_image(folder / "large.png", picture);
    write_image(folder / "low.png", Image({300, 200, 3, false, Encoding::display}));
    PatchSourceOptions options;
    options.patch = 32;
    options.kept_apart = 8;
    const PatchSource source({folder.path()}, options, [](const std::string&) {});
    const auto kept = source.kept_apart();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].file, folder / "large.png");
    EXPECT_EQ(kept[0].pixels.shape().size(), (Size{300, kLit}));
    const auto& samples = kept[0].pixels.samples();
    EXPECT_EQ(*std::min_element(samples.begin(), samples.end()), 1.0F);
    for (int i = 0; i < 200; ++i) {
        Rng rng = sample_rng(1, i, 0);
        const Patch patch = source.patch(rng);
        const auto& pixels = patch.pixels.samples();
        ASSERT_EQ(*std::max_element(pixels.begin(), pixels.end()), 0.0F);
    }
}

TEST(Bicubic, CutsAndRefuses) {
    EXPECT_THROW(reduce_bicubic(random_rgb(10, 8), 4), Error);
    EXPECT_EQ(cut_to_multiple(random_rgb(11, 9), 4).shape().size(), (Size{8, 8}));
}

}  // namespace
}  // namespace sisr::test
