/// The operation's pixels are the command's, in every format.
#include "base/numbers.h"
#include "gegl_graph.h"
#include "support/run_command.h"

#include <sisr/image_file.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

struct PixelCase {
    const char* name;
    const char* colour;  ///< the samples as the file holds them
    const char* format;  ///< of GEGL's input
    const char* extension;
    Depth depth;
    bool has_alpha;
    double scale;
    float gain = 1;  ///< above 1: values beyond white and below black
};

void PrintTo(const PixelCase& item, std::ostream* out) { *out << item.name; }

ImageShape shape_of(const PixelCase& item) {
    const std::string colour = item.colour;
    // A dash in GEGL's name of a component stands for an encoding.
    const bool is_display = colour.find('\'') != std::string::npos;
    return {26, 19, colour[0] == 'Y' ? 1 : 3, item.has_alpha,
            is_display ? Encoding::display : Encoding::linear};
}

/// The command's picture, in float, of the same input.
Image by_command(const PixelCase& item, const std::filesystem::path& input,
                 const std::filesystem::path& output) {
    const CommandResult result =
        run_command({SISR_BATCH_PATH, input.string(), "-o", output.string(), "--scale",
                     format_number(item.scale), "--depth", "float", "--precision", "fp32"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return read_image(output);
}

class Pixels : public testing::TestWithParam<PixelCase> {};

TEST_P(Pixels, AreThoseOfTheCommand) {
    const PixelCase& item = GetParam();
    const TempDir folder;
    Image image = scene(shape_of(item));
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            for (int c = 0; c < image.shape().colour_channels; ++c) {
                image.at(x, y, c) = (image.at(x, y, c) - 0.5F) * item.gain + 0.5F;
            }
        }
    }
    const auto input = folder / (std::string("in.") + item.extension);
    WriteOptions options;
    options.depth = item.depth;
    write_image(input, image, options);
    const Image stored = read_image(input);
    const Image expected = by_command(item, input, folder / "out.tif");

    const Buffer buffer = to_buffer(stored, item.colour, babl_format(item.format));
    Pipeline pipeline(buffer.get());
    pipeline.add_upscale(item.scale);
    const Image result = pipeline.render(item.colour, item.has_alpha);
    EXPECT_LT(max_difference(result, expected), 1e-3);
    // As wide a range as the input: nothing was clipped on the way.
    if (item.gain > 1) {
        const auto [low, high] =
            std::minmax_element(result.samples().begin(), result.samples().end());
        EXPECT_LT(*low, -0.1);
        EXPECT_GT(*high, 1.2);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Pixels,
    testing::Values(
        PixelCase{"rgb8_x4", "R'G'B'", "R'G'B' u8", "png", Depth::u8, false, 4},
        PixelCase{"rgb8_x2", "R'G'B'", "R'G'B' u8", "png", Depth::u8, false, 2},
        PixelCase{"rgb8_x3_5", "R'G'B'", "R'G'B' u8", "png", Depth::u8, false, 3.5},
        PixelCase{"rgb8_x1", "R'G'B'", "R'G'B' u8", "png", Depth::u8, false, 1},
        PixelCase{"rgb8_x8", "R'G'B'", "R'G'B' u8", "png", Depth::u8, false, 8},
        PixelCase{"perceptual8", "R'G'B'", "R~G~B~ u8", "png", Depth::u8, false, 4},
        PixelCase{"grey8", "Y'", "Y' u8", "png", Depth::u8, false, 4},
        PixelCase{"grey8_alpha", "Y'", "Y'A u8", "png", Depth::u8, true, 4},
        PixelCase{"rgb8_alpha", "R'G'B'", "R'G'B'A u8", "png", Depth::u8, true, 4},
        PixelCase{"rgb16", "R'G'B'", "R'G'B' u16", "png", Depth::u16, false, 4},
        PixelCase{"rgb16_alpha_x2", "R'G'B'", "R'G'B'A u16", "png", Depth::u16, true, 2},
        PixelCase{"linear_float", "RGB", "RGB float", "tif", Depth::f32, false, 4},
        PixelCase{"linear_float_alpha", "RGB", "RGBA float", "tif", Depth::f32, true, 4},
        PixelCase{"linear_float_grey", "Y", "Y float", "tif", Depth::f32, false, 4},
        PixelCase{"linear_float_beyond", "RGB", "RGB float", "tif", Depth::f32, false, 4, 3}),
    [](const auto& item) { return std::string(item.param.name); });

TEST(Format, StaysAsItIs) {
    const struct {
        const char* in;
        const char* out;
    } table[] = {{"R'G'B' u8", "R'G'B' float"},  {"R'G'B'A u16", "R'G'B'A float"},
                 {"RGBA half", "RGBA float"},    {"RaGaBaA float", "RGBA float"},
                 {"Y' u8", "Y' float"},          {"YA float", "YA float"},
                 {"R~G~B~A u8", "R~G~B~A float"}};
    const Image image = random_rgb(4, 3);
    for (const auto& item : table) {
        for (const Babl* space :
             {babl_space("sRGB"), babl_space("Adobish"), babl_space("Rec2020")}) {
            const Buffer buffer =
                to_buffer(image, "R'G'B'", babl_format_with_space(item.in, space));
            Pipeline pipeline(buffer.get());
            pipeline.add_upscale(4);
            EXPECT_EQ(pipeline.format(), babl_format_with_space(item.out, space)) << item.in;
        }
    }
}

TEST(Format, InkBecomesRgbAndIsTold) {
    const Messages messages;
    const Buffer buffer = to_buffer(random_rgb(6, 5), "R'G'B'", babl_format("CMYK u8"));
    Pipeline pipeline(buffer.get());
    pipeline.add_upscale(4);
    EXPECT_EQ(pipeline.format(), babl_format("R'G'B' float"));
    ASSERT_EQ(messages.lines().size(), 1U);
    EXPECT_NE(messages.lines()[0].find("CMYK"), std::string::npos);
}

}  // namespace
}  // namespace sisr::test
