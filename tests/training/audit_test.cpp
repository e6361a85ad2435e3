#include "data/audit.h"
#include "data/patch_source.h"
#include "degradation/blur.h"
#include "degradation/codec.h"

#include "support/images.h"
#include "support/shared_data.h"

#include <sisr/image_file.h>
#include <sisr/resize.h>

namespace sisr::test {
namespace {

using namespace sisr::training;

AuditedImage look_at(const std::string& name, const Image& image) {
    return audit_image(name, image.width(), image.height(), to_8_bit_rgb(image).data());
}

/// Large shapes with fine grain: what fingerprints and the measure of detail look at.
Image picture(unsigned seed, int width = 320, int height = 240) {
    const ImageShape shape{width, height, 3, false, Encoding::display};
    const Image coarse = random_rgb(6, 5, seed);
    Image image = resize(coarse, shape.size(), Kernel::bicubic);
    const Image grain = random_rgb(width, height, seed + 1000);
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        image.samples()[i] += 0.15F * (grain.samples()[i] - 0.5F);
    }
    return quantised(image);
}

TEST(Audit, FindsThePictureAgainInOtherFormsAndNoOther) {
    std::vector<AuditedImage> data;
    for (unsigned i = 0; i < 30; ++i) data.push_back(look_at(std::to_string(i), picture(i)));
    EXPECT_TRUE(audit(data, {}).duplicates.empty());
    data.push_back(look_at("3 as JPEG", through_jpeg(picture(3), 50, Chroma::quarter)));
    data.push_back(look_at("7 smaller", resize(picture(7), {224, 168}, Kernel::bicubic)));
    const auto report = audit(data, {look_at("v", picture(11)), look_at("w", picture(99))});
    ASSERT_EQ(report.duplicates.size(), 2U);
    EXPECT_EQ(report.duplicates[0].first, "3");
    EXPECT_EQ(report.duplicates[0].second, "3 as JPEG");
    EXPECT_EQ(report.duplicates[1].second, "7 smaller");
    ASSERT_EQ(report.shared_with_validation.size(), 1U);
    EXPECT_EQ(report.shared_with_validation[0].first, "11");
}

TEST(Audit, CompressedBlurredAndFlatOnesAreTold) {
    const Image grainy = picture(1);
    Image flat = grainy;
    std::fill(flat.samples().begin(), flat.samples().end(), 0.5F);
    const auto report = audit(
        {look_at("fine", grainy), look_at("compressed", through_jpeg(grainy, 20, Chroma::full)),
         look_at("blurred", gaussian_blur(grainy, 2)), look_at("flat", flat)},
        {});
    ASSERT_EQ(report.compressed.size(), 1U);
    EXPECT_EQ(report.compressed[0], "compressed");
    const auto& blurred = report.blurred;
    EXPECT_NE(std::find(blurred.begin(), blurred.end(), "blurred"), blurred.end());
    EXPECT_EQ(std::find(blurred.begin(), blurred.end(), "fine"), blurred.end());
    EXPECT_GT(report.flat_share, 0.2);
    EXPECT_TRUE(report.duplicates.size() <= 3U) << "variants of one picture, the flat one of none";
    EXPECT_GE(describe(report).size(), 3U);
}

TEST(Audit, AFineSetIsOneLine) {
    EXPECT_EQ(describe(audit({look_at("a", picture(1)), look_at("b", picture(2))}, {})).size(), 1U);
}

TEST(SharedDataAudit, FewPhotographsAreFlaggedAndBlurredOnesAre) {
    const auto folder = shared_data() / "train/photos";
    SISR_SKIP_WITHOUT(folder);
    auto files = list_images(folder);
    std::vector<AuditedImage> fine;
    std::vector<AuditedImage> blurred;
    for (std::size_t i = 0; i < files.size() && fine.size() < 20; i += 15) {
        const Image image = read_image(files[i]);
        fine.push_back(look_at(files[i].string(), image));
        blurred.push_back(look_at(files[i].string(), gaussian_blur(image, 2)));
    }
    EXPECT_LE(audit(fine, {}).blurred.size(), 1U);
    EXPECT_EQ(audit(blurred, {}).blurred.size(), blurred.size());
    EXPECT_TRUE(audit(fine, {}).duplicates.empty());
}

}  // namespace
}  // namespace sisr::test
