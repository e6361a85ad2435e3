#include "support/image_readers.h"
#include "support/python.h"
#include "support/tools.h"

#include <OpenImageIO/imageio.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// A Radiance file of 5x3 pixels, whose red counts columns and whose green counts rows.
std::string radiance(const std::string& size, const std::vector<Size>& order) {
    std::string file = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n" + size + "\n";
    for (const auto& [x, y] : order) {
        file += {static_cast<char>(16 + 16 * x), static_cast<char>(16 + 16 * y), 64, '\x80'};
    }
    return file;
}

TEST_F(ImageReaders, RadianceFilesOfAllOrders) {
    for (const char* major : {"-Y", "+Y", "-X", "+X"}) {
        for (const char* minor : {"-", "+"}) {
            const bool is_by_rows = major[1] == 'Y';
            const std::string size = is_by_rows ? std::string(major) + " 3 " + minor + "X 5"
                                                : std::string(major) + " 5 " + minor + "Y 3";
            SCOPED_TRACE(size);
            const int outer = is_by_rows ? 3 : 5;
            const int inner = is_by_rows ? 5 : 3;
            // Y counts from the bottom, X from the left.
            const bool outer_turns = is_by_rows == (major[0] == '+');
            const bool inner_turns = is_by_rows == (minor[0] == '-');
            std::vector<Size> order;
            for (int i = 0; i < outer; ++i) {
                for (int j = 0; j < inner; ++j) {
                    const int a = outer_turns ? outer - 1 - i : i;
                    const int b = inner_turns ? inner - 1 - j : j;
                    order.push_back(is_by_rows ? Size{b, a} : Size{a, b});
                }
            }
            write("a.hdr", radiance(size, order));
            FileSource source(folder_ / "a.hdr");
            source.make_upright();
            ASSERT_EQ(source.shape().size(), (Size{5, 3}));
            Image image(source.shape());
            source.read_rows(0, 3, image.row(0));
            for (int y = 0; y < 3; ++y) {
                for (int x = 0; x < 5; ++x) {
                    EXPECT_NEAR(image.at(x, y, 0), (16 + 16 * x) / 256.0, 0.003);
                    EXPECT_NEAR(image.at(x, y, 1), (16 + 16 * y) / 256.0, 0.003);
                }
            }
        }
    }
    EXPECT_FALSE(keeps_orientation("hdr", "a.hdr"));
    write("xyz.hdr", "#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\nabcd");
    expect_refused("xyz.hdr", "");
}

TEST_F(ImageReaders, DensitiesOfFilmAreNoColours) {
    // Cineon's head; three planes of 10 bits, of whatever kind.
    std::string file(2048, '\0');
    const auto put = [&file](std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<char>(value >> (24 - 8 * i));
    };
    put(0, 0x802A5FD7);
    put(4, 2048);
    put(20, 2048 + 4 * 8);
    file[193] = 3;
    for (std::size_t plane = 0; plane < 3; ++plane) {
        file[196 + 28 * plane + 2] = 10;
        put(196 + 28 * plane + 4, 4);
        put(196 + 28 * plane + 8, 2);
    }
    file[680] = 0;  // pixels interleaved, in 32-bit words
    file[681] = 5;
    write("film.cin", file + std::string(4 * 8, '\x40'));
    expect_refused("film.cin", "film's densities");
}

std::string psd(int channels, int mode, const std::string& resources, const std::string& layers,
                const std::string& samples) {
    const auto number = [](std::size_t value, int bytes) {
        std::string text;
        for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFF);
        return text;
    };
    std::string pixels;
    for (const char sample : samples) pixels += std::string(32, sample);
    return "8BPS" + number(1, 2) + std::string(6, '\0') +
           number(static_cast<std::size_t>(channels), 2) + number(2, 4) + number(16, 4) +
           number(8, 2) + number(static_cast<std::size_t>(mode), 2) +
           number(mode == 2 ? 768 : 0, 4) + std::string(mode == 2 ? 768 : 0, '\x40') +
           number(resources.size(), 4) + resources + number(layers.size(), 4) + layers +
           number(0, 2) + pixels;
}

TEST_F(ImageReaders, PhotoshopFiles) {
    write("rgb.psd", psd(3, 3, "", "", "\xC8\x1E\x1F"));
    expect_pixel(read_image(folder_ / "rgb.psd"), 3, 1, {200, 30, 31});
    write("grey.psd", psd(1, 1, "", "", "\x64"));
    expect_pixel(read_image(folder_ / "grey.psd"), 3, 1, {100});
    // One layer of no size, transparency beside the merged picture, which lies on white.
    std::string layer("\xFF\xFF", 2);
    layer += std::string(18, '\0') + "8BIMnorm" + std::string("\xFF\0\0\0\0\0\0\x0C", 8) +
             std::string(8, '\0') + std::string("\1L\0\0", 4);
    const std::string layers =
        std::string("\0\0\0", 3) + static_cast<char>(layer.size()) + layer + std::string(4, '\0');
    // 200, 130, 160 at 128 of 255 on white.
    write("clear.psd", psd(4, 3, "", layers, "\xE3\xC0\xCF\x80"));
    expect_pixel(read_image(folder_ / "clear.psd"), 3, 1, {200, 130, 160, 128}, 2);
    // Colours as they are, which no white can have made so dark.
    write("straight.psd", psd(4, 3, "", layers, "\xC8\x1E\x1E\x80"));
    expect_pixel(read_image(folder_ / "straight.psd"), 3, 1, {200, 30, 30, 128});
    const std::string unmerged = std::string("8BIM\x04\x21\0\0\0\0\0\x08\0\0\0\1\0\0\0\0", 20);
    write("unmerged.psd", psd(3, 3, unmerged, "", "\xFF\xFF\xFF"));
    expect_refused("unmerged.psd", "without its merged picture");
    write("indexed.psd", psd(1, 2, "", "", "\x01"));
    expect_pixel(read_image(folder_ / "indexed.psd"), 3, 1, {64, 64, 64});
    write("lab.psd", psd(3, 9, "", "", "\xFF\x80\x80"));
    expect_pixel(read_image(folder_ / "lab.psd"), 3, 1, {255, 255, 255}, 0.5);
    // No ink is stored as 255.
    write("inks.psd", psd(4, 4, "", "", "\xFF\x40\xFF\xFF"));
    expect_pixel(read_image(folder_ / "inks.psd"), 3, 1, {255, 64, 255});
    // Beside the colours, but not their transparency.
    write("mask.psd", psd(4, 3, "", "", "\xC8\x1E\x1F\x80"));
    expect_pixel(read_image(folder_ / "mask.psd"), 3, 1, {200, 30, 31});
    write("many.psd", psd(3, 7, "", "", "\x01\x02\x03"));
    expect_refused("many.psd", "not supported");
    const std::string whole = psd(3, 3, "", "", "\xC8\x1E\x1F");
    write("cut.psd", whole.substr(0, whole.size() - 1));
    expect_refused("cut.psd", "truncated");
}

/// True when the file is refused for how it is packed.
bool is_packed_otherwise(const fs::path& file) {
    try {
        const FileSource source(file);
        return false;
    } catch (const Error& error) {
        return std::string(error.what()).find("is a PSD packed in a way") != std::string::npos;
    }
}

TEST_F(ImageReaders, PhotoshopFilesOfImageMagick) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto path = [&](const char* name) { return (folder_ / name).string(); };
    run_tool({"convert", "-size", "37x29", "gradient:#c81e1e-#1e64c8", "-depth", "16",
              path("truth.png")});
    const Image truth = read_image(folder_ / "truth.png");
    for (const char* compression : {"none", "rle", "zip"}) {
        for (const char* depth : {"8", "16"}) {
            for (const char* extension : {"psd", "psb"}) {
                SCOPED_TRACE(std::string(compression) + depth + extension);
                const auto file = folder_ / (std::string("a.") + extension);
                run_tool({"convert", path("truth.png"), "-depth", depth, "-compress", compression,
                          std::string(extension) + ":" + file.string()});
                // Version 7 packs these as no other program does.
                if (std::string(compression) == "zip" && is_packed_otherwise(file)) continue;
                EXPECT_LE(max_difference(read_image(file), truth), 1.0 / 255);
                EXPECT_EQ(FileSource(file).depth(),
                          std::string(depth) == "8" ? Depth::u8 : Depth::u16);
            }
        }
    }
}

void write_exr(const fs::path& file, const OIIO::ImageSpec& spec, float value = 0.5F) {
    const std::vector<float> samples(spec.image_pixels() * static_cast<std::size_t>(spec.nchannels),
                                     value);
    const auto output = OIIO::ImageOutput::create("exr");
    ASSERT_TRUE(output && output->open(file.string(), spec)) << OIIO::geterror();
    ASSERT_TRUE(output->write_image(OIIO::TypeDesc::FLOAT, samples.data()));
    ASSERT_TRUE(output->close());
}

OIIO::ImageSpec exr_spec(const std::vector<std::string>& channels) {
    OIIO::ImageSpec spec(12, 10, static_cast<int>(channels.size()), OIIO::TypeDesc::HALF);
    spec.channelnames = channels;
    spec.alpha_channel = -1;
    return spec;
}

TEST_F(ImageReaders, ChannelsOfExrFiles) {
    write_exr(folder_ / "layers.exr", exr_spec({"R", "G", "B", "d.R", "d.G", "d.B", "Z"}));
    const FileSource layers(folder_ / "layers.exr");
    EXPECT_EQ(layers.shape().channels(), 3);
    ASSERT_EQ(layers.notes().size(), 1U);
    EXPECT_NE(layers.notes()[0].find("d.R"), std::string::npos) << layers.notes()[0];
    write_exr(folder_ / "only.exr", exr_spec({"Z", "d.A", "d.B", "d.G", "d.R"}));
    const FileSource only(folder_ / "only.exr");
    EXPECT_EQ(only.shape().channels(), 4);
    write_exr(folder_ / "grey.exr", exr_spec({"Y"}));
    EXPECT_EQ(FileSource(folder_ / "grey.exr").shape().channels(), 1);
    write_exr(folder_ / "depth.exr", exr_spec({"Z"}));
    expect_refused("depth.exr", "its channels are Z");
    write_exr(folder_ / "normals.exr", exr_spec({"N.X", "N.Y", "N.Z"}));
    expect_refused("normals.exr", "holds no picture");
    for (const std::vector<std::string>& names : {std::vector<std::string>{"BY", "RY", "Y"},
                                                  {"X", "Y", "Z"},
                                                  {"X", "Y"},
                                                  {"U", "V"},
                                                  {"Y", "U", "V"},
                                                  {"Y", "Cb", "Cr"},
                                                  {"L", "A", "B"},
                                                  {"H", "S", "V"},
                                                  {"Y", "I", "Q"},
                                                  {"C", "M", "Y"}}) {
        write_exr(folder_ / "three.exr", exr_spec(names));
        // OpenImageIO 2.5 takes the first as RGB, and makes colours of it where chroma is halved.
        expect_refused("three.exr", names[0] == "BY" ? "" : "holds no picture");
    }
    for (const std::vector<std::string>& names :
         {std::vector<std::string>{"Y", "A"}, {"Y", "Z", "A"}, {"Y", "id"}}) {
        write_exr(folder_ / "grey.exr", exr_spec(names));
        EXPECT_EQ(FileSource(folder_ / "grey.exr").shape().colour_channels, 1);
    }
}

TEST_F(ImageReaders, PartsOfExrFiles) {
    std::vector<OIIO::ImageSpec> specs{exr_spec({"Z"}), exr_spec({"R", "G", "B"})};
    specs[0].attribute("oiio:subimagename", "depth");
    specs[1].attribute("oiio:subimagename", "beauty");
    const std::string file = (folder_ / "parts.exr").string();
    const auto output = OIIO::ImageOutput::create("exr");
    ASSERT_TRUE(output->open(file, 2, specs.data()));
    std::vector<float> samples(12 * 10 * 3, 0.25F);
    ASSERT_TRUE(output->write_image(OIIO::TypeDesc::FLOAT, samples.data()));
    ASSERT_TRUE(output->open(file, specs[1], OIIO::ImageOutput::AppendSubimage));
    ASSERT_TRUE(output->write_image(OIIO::TypeDesc::FLOAT, samples.data()));
    ASSERT_TRUE(output->close());
    const FileSource source(file);
    EXPECT_EQ(source.shape().channels(), 3);
    ASSERT_EQ(source.notes().size(), 1U);
    EXPECT_NE(source.notes()[0].find("beauty is done"), std::string::npos) << source.notes()[0];
    expect_pixel(read_image(file), 5, 5, {255 / 4.0, 255 / 4.0, 255 / 4.0});
}

TEST_F(ImageReaders, WindowsOfExrFilesGrowWithThem) {
    for (const int full : {96, 20}) {
        OIIO::ImageSpec spec = exr_spec({"R", "G", "B"});
        spec.x = 7;
        spec.y = -3;
        spec.full_x = 0;
        spec.full_y = 1;
        spec.full_width = full;
        spec.full_height = full / 2;
        write_exr(folder_ / "in.exr", spec);
        FileSource source(folder_ / "in.exr");
        EXPECT_TRUE(source.has_windows());
        const ImageShape shape{36, 30, 3, false, Encoding::linear};
        WriteOptions options;
        options.metadata = source.metadata();
        write_image(folder_ / "out.exr", Image(shape), options);
        const auto input = OIIO::ImageInput::open((folder_ / "out.exr").string());
        ASSERT_TRUE(input);
        const OIIO::ImageSpec& out = input->spec();
        EXPECT_EQ(out.x, 21);
        EXPECT_EQ(out.y, -9);
        EXPECT_EQ(out.width, 36);
        EXPECT_EQ(out.full_x, 0);
        EXPECT_EQ(out.full_y, 3);
        EXPECT_EQ(out.full_width, 3 * full);
        EXPECT_EQ(out.full_height, 3 * (full / 2));
    }
    EXPECT_TRUE(keeps_windows("a.exr"));
    EXPECT_FALSE(keeps_windows("a.png"));
}

TEST_F(ImageReaders, SingleValuesThatAreNoNumbersAreRepaired) {
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
        for (const char* extension : {"tif", "exr"}) {
            Image image({20, 16, 3, false, Encoding::linear});
            for (int y = 0; y < 16; ++y) {
                for (float* s = image.row(y); s < image.row(y) + 60; ++s) {
                    *s = 0.1F * static_cast<float>(y);
                }
            }
            image.at(0, 0, 0) = image.at(9, 9, 1) = image.at(10, 9, 1) = image.at(19, 15, 2) = bad;
            const auto file = folder_ / (std::string("a.") + extension);
            write_image(file, image, {Depth::f32, 0, nullptr});
            // By rows and at once.
            for (const int step : {1, 3, 16}) {
                FileSource source(file);
                Image back(source.shape());
                for (int y = 0; y < 16; y += step) {
                    source.read_rows(y, std::min(16, y + step), back.row(y));
                }
                EXPECT_NEAR(back.at(0, 0, 0), 0.2 / 3, 1e-6);
                EXPECT_NEAR(back.at(9, 9, 1), 0.9, 1e-6);
                EXPECT_NEAR(back.at(10, 9, 1), 0.9, 1e-6);
                EXPECT_NEAR(back.at(19, 15, 2), (2 * 1.4 + 1.5) / 3, 1e-6);
                ASSERT_EQ(source.notes().size(), 1U);
                EXPECT_NE(source.notes()[0].find("had 4 values"), std::string::npos);
                EXPECT_NE(source.notes()[0].find("pixel 0,0"), std::string::npos);
            }
            for (int y = 4; y < 9; ++y) {
                for (int x = 4; x < 9; ++x) image.at(x, y, 0) = bad;
            }
            write_image(file, image, {Depth::f32, 0, nullptr});
            expect_refused(file.filename().string(), "around pixel 5,4");
        }
    }
}

TEST_F(ImageReaders, NamesAreNotLookedInto) {
    const Image image = quantised(scene({9, 7, 3, false, Encoding::display}));
    for (const char* name :
         {"what is this?.png", "a?b=1.png", "a.png?x.png", "#1 %04d.png", "a:b&c=d;e.png", "%V.tif",
          "a@b[0].tif", "http:a.png", "?.tga", "na\xC3\xAFve * \"q\".bmp"}) {
        SCOPED_TRACE(name);
        write_image(folder_ / name, image);
        EXPECT_LE(max_difference(read_image(folder_ / name), image), 1e-6);
    }
    fs::copy_file(folder_ / "a?b=1.png", folder_ / "no-extension");
    fs::copy_file(folder_ / "a?b=1.png", folder_ / "another.jpg");
    fs::copy_file(folder_ / "a?b=1.png", folder_ / "a.null");
    for (const char* name : {"no-extension", "another.jpg", "a.null"}) {
        EXPECT_LE(max_difference(read_image(folder_ / name), image), 1e-6) << name;
    }
    write("text.null?RES=640x480", "nothing");
    expect_refused("text.null?RES=640x480", "is not an image");
}

}  // namespace
}  // namespace sisr::test
