#include "support/images.h"

#include <sisr/error.h>
#include <sisr/rows.h>

namespace sisr::test {
namespace {

TEST(Image, RefusesShapesThatHoldNothing) {
    for (const ImageShape& shape :
         {ImageShape{0, 4}, ImageShape{4, 0}, ImageShape{-1, 4}, ImageShape{4, 4, 2}}) {
        EXPECT_THROW(Image{shape}, Error);
    }
}

TEST(Image, RowsAreInterleaved) {
    Image image({3, 2, 3, true, Encoding::display});
    EXPECT_EQ(image.channels(), 4);
    image.at(2, 1, 3) = 0.25F;
    EXPECT_EQ(image.samples().back(), 0.25F);
    EXPECT_EQ(image.row(1)[2 * 4 + 3], 0.25F);
}

TEST(Rows, SourceToSinkIsACopy) {
    const Image image = random_image({7, 9, 1, true, Encoding::linear});
    ImageSource source(image);
    ImageSink sink;
    sink.begin(source.shape());
    std::vector<float> rows(4 * image.shape().row_samples());
    for (int y = 0; y < image.height(); y += 4) {
        const int end = std::min(y + 4, image.height());
        source.read_rows(y, end, rows.data());
        sink.write_rows(y, end, rows.data());
    }
    sink.finish();
    EXPECT_EQ(sink.take().samples(), image.samples());
}

TEST(ErrorText, NamesSubjectAndReason) {
    const Error error(ErrorKind::io, "a.png", "cannot be read");
    EXPECT_STREQ(error.what(), "a.png: cannot be read");
    EXPECT_EQ(error.subject(), "a.png");
    EXPECT_EQ(error.kind(), ErrorKind::io);
}

}  // namespace
}  // namespace sisr::test
