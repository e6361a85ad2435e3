#include "base/numbers.h"
#include "sisr_batch_fixture.h"
#include "support/tools.h"

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// Files made and looked at by ImageMagick and ExifTool. The model repeats pixels, so taking every
/// other pixel of a result must give the input.
class SisrBatchFidelity : public SisrBatch {
protected:
    void convert(std::vector<std::string> words) {
        words.insert(words.begin(), "convert");
        run_tool(words);
    }

    /// A picture of smooth colours.
    std::string make_base() {
        const std::string file = path("base.png");
        convert({"-size", "24x16", "gradient:red-blue", "(", "-size", "24x16",
                 "gradient:black-lime", "-rotate", "180", ")", "-compose", "plus", "-composite",
                 "-evaluate", "multiply", "0.7713", "-depth", "16", file});
        return file;
    }

    /// Largest difference of any sample of the halved result and the input, in levels of 8 bits.
    double difference(const std::string& input, const std::string& output) {
        const std::string half = path("half.tif");
        convert({output, "-sample", "50%", "-depth", "16", "-compress", "none", half});
        const CommandResult result =
            run_command({find_tool("compare"), "-metric", "PAE", input, half, "null:"});
        EXPECT_LT(result.exit_code, 2) << result.err;
        const auto open = result.err.find('(');
        return open == std::string::npos ? 1e9 : 255 * std::atof(result.err.c_str() + open + 1);
    }

    std::string identify(const std::string& format, const std::string& file) {
        return run_tool({"identify", "-format", format, file});
    }

    /// Bits per sample and channels.
    std::string kind_of(const std::string& file) {
        const std::string text = identify("%z %[channels]", file);
        // ImageMagick 7 counts the channels in addition: "srgb  3.0".
        return text.substr(0, text.find(' ', text.find(' ') + 1));
    }

    nlohmann::json tags(const std::string& name) {
        const std::string text = run_tool({"exiftool", "-j", "-G1", "-n", path(name)});
        return nlohmann::json::parse(text).at(0);
    }
};

struct PixelRow {
    const char* name;
    std::vector<const char*> make;  ///< ImageMagick's operators from the base picture to it
    const char* kind;               ///< of the result: bits per sample and channels
    double tolerance;               ///< in levels of 8 bits
};

// JPEG and WebP are lossy: the result is packed once more. OpenImageIO's lossless WebP files have
// lost colour resolution before.
const PixelRow kPixelRows[] = {
    {"rgb8.png", {"-depth", "8"}, "8 srgb", 0},
    {"rgb16.png", {"-depth", "16"}, "16 srgb", 0},
    {"grey8.png", {"-colorspace", "gray", "-depth", "8"}, "8 gray", 0},
    {"grey16.png", {"-colorspace", "gray", "-depth", "16"}, "16 gray", 0},
    {"grey-alpha.png",
     {"-colorspace", "gray", "-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "-depth",
      "8", "-define", "png:color-type=4"},
     "8 graya",
     0},
    {"rgba8.png",
     {"-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "-depth", "8"},
     "8 srgba",
     0},
    {"rgba16.png",
     {"-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "-define", "png:color-type=6",
      "-define", "png:bit-depth=16"},
     "16 srgba",
     0},
    {"bits1.png", {"-colorspace", "gray", "-threshold", "50%", "-depth", "1"}, "8 gray", 0},
    {"rgb8.tif", {"-depth", "8"}, "8 srgb", 0},
    {"rgb16.tif", {"-depth", "16"}, "16 srgb", 0},
    {"grey16.tif", {"-colorspace", "gray", "-depth", "16"}, "16 gray", 0},
    {"rgba8.tif",
     {"-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "-depth", "8"},
     "8 srgba",
     0},
    {"lzw.tif", {"-depth", "8", "-compress", "lzw"}, "8 srgb", 0},
    {"tiled.tif", {"-depth", "8", "-define", "tiff:tile-geometry=16x16"}, "8 srgb", 0},
    {"rgb.jpg", {"-quality", "97", "-sampling-factor", "1x1"}, "8 srgb", 6},
    {"grey.jpg", {"-colorspace", "gray", "-quality", "97"}, "8 gray", 6},
    {"progressive.jpg",
     {"-interlace", "plane", "-quality", "97", "-sampling-factor", "1x1"},
     "8 srgb",
     6},
    {"lossy.webp", {"-quality", "90"}, "8 srgb", 24},
    {"lossless.webp", {"-define", "webp:lossless=true"}, "8 srgb", 12},
    {"rgba.webp",
     {"-alpha", "set", "-channel", "A", "-evaluate", "set", "40%", "-define", "webp:lossless=true"},
     "8 srgba",
     12},
    {"rgb.tga", {"-depth", "8"}, "8 srgb", 0},
    {"rgb.ppm", {"-depth", "8"}, "8 srgb", 0},
    {"rgb16.ppm", {"-depth", "16"}, "8 srgb", 0.51},  // kept in 8 bits
    {"grey.pgm", {"-colorspace", "gray", "-depth", "8"}, "8 gray", 0},
    {"rgb.sgi", {"-depth", "8"}, "8 srgb", 0},
    {"rgb.jp2", {"-depth", "8", "-quality", "100"}, "8 srgb", 2},
    {"rgb.bmp", {"-depth", "8", "-type", "truecolor"}, "8 srgb", 0},
};

TEST_F(SisrBatchFidelity, PixelsOfFormatsDepthsAndChannels) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const std::string base = make_base();
    for (const PixelRow& row : kPixelRows) {
        std::vector<std::string> words{base};
        words.insert(words.end(), row.make.begin(), row.make.end());
        words.push_back(path(std::string("in/") + row.name));
        convert(words);
    }
    const CommandResult result = run({path("in"), "-o", path("out"), "-q"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const PixelRow& row : kPixelRows) {
        SCOPED_TRACE(row.name);
        const std::string input = path(std::string("in/") + row.name);
        const std::string output = path(std::string("out/") + row.name);
        ASSERT_TRUE(fs::exists(output));
        EXPECT_EQ(identify("%wx%h", output), "48x32");
        EXPECT_EQ(kind_of(output), row.kind);
        EXPECT_LE(difference(input, output), row.tolerance + 1e-6);
    }
}

TEST_F(SisrBatchFidelity, PalettesWithTransparency) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    convert({make_base(), "-colors", "8", "-alpha", "set", "-channel", "A", "-fx", "i>12?0:1",
             "PNG8:" + path("in/palette.png")});
    ASSERT_EQ(identify("%[type]", path("in/palette.png")).rfind("Palette", 0), 0U);
    ASSERT_EQ(run({path("in"), "-o", path("out"), "-q"}).exit_code, 0);
    EXPECT_EQ(kind_of(path("out/palette.png")), "8 srgba");
    for (const char* paper : {"black", "white"}) {
        convert({path("in/palette.png"), "-background", paper, "-flatten", path("flat.png")});
        convert({path("out/palette.png"), "-background", paper, "-flatten", path("large.png")});
        EXPECT_EQ(difference(path("flat.png"), path("large.png")), 0) << paper;
    }
}

TEST_F(SisrBatchFidelity, InksBecomeColoursByTheirProfile) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const fs::path profiles = "/usr/share/color/icc/ghostscript";
    if (!fs::exists(profiles / "default_cmyk.icc")) {
        GTEST_SKIP() << "no CMYK profile: libgs9-common is not installed";
    }
    const std::string srgb = (profiles / "srgb.icc").string();
    convert({make_base(), "-profile", srgb, "-profile", (profiles / "default_cmyk.icc").string(),
             "-quality", "99", path("in/a.jpg")});
    convert({path("in/a.jpg"), path("in/b.tif")});
    convert({make_base(), "-colorspace", "cmyk", path("in/plain.tif")});
    ASSERT_EQ(run({path("in"), "-o", path("out"), "-q", "--quality", "99"}).exit_code, 0);
    for (const char* name : {"a.jpg", "b.tif"}) {
        convert({path(std::string("in/") + name), "-intent", "relative",
                 "-black-point-compensation", "-profile", srgb, path("colours.tif")});
        EXPECT_LE(difference(path("colours.tif"), path(std::string("out/") + name)), 12) << name;
        EXPECT_EQ(identify("%[colorspace]", path(std::string("out/") + name)), "sRGB");
    }
    EXPECT_LE(difference(make_base(), path("out/plain.tif")), 2) << "without a profile";
}

TEST_F(SisrBatchFidelity, QualityAndChromaOfJpegsStay) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const std::string base = make_base();
    for (const char* quality : {"30", "50", "75", "92", "98"}) {
        for (const char* chroma : {"1x1", "2x1", "2x2"}) {
            convert({base, "-quality", quality, "-sampling-factor", chroma,
                     path(std::string("in/") + quality + "-" + chroma + ".jpg")});
        }
    }
    ASSERT_EQ(run({path("in"), "-o", path("out"), "-q"}).exit_code, 0);
    for (const std::string& name : names_in("in")) {
        const std::string chroma = "%[jpeg:sampling-factor]";
        EXPECT_EQ(identify(chroma, path("out/" + name)), identify(chroma, path("in/" + name)))
            << name;
        // Of low quality the file would draw its blocks over the result.
        const int quality = std::max(std::stoi(identify("%Q", path("in/" + name))), 75);
        EXPECT_EQ(identify("%Q", path("out/" + name)), std::to_string(quality)) << name;
    }
    ASSERT_EQ(run({path("in/50-2x2.jpg"), "-o", path("q"), "-q", "--quality", "80"}).exit_code, 0);
    EXPECT_EQ(identify("%Q", path("q/50-2x2.jpg")), "80");
}

TEST_F(SisrBatchFidelity, PicturesAreTurnedOnce) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    const std::string base = make_base();
    for (const char* name : {"1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg", "7.jpg", "8.jpg",
                             "6.tif", "8.tif"}) {
        const std::string file = path(std::string("in/") + name);
        const std::string number(1, name[0]);
        convert({base, "-quality", "98", "-sampling-factor", "1x1", file});
        run_tool({"exiftool", "-q", "-overwrite_original", "-n", "-IFD0:Orientation=" + number,
                  "-XMP-tiff:Orientation=" + number, file});
    }
    for (const char* format : {"jpg", "png", "webp"}) {
        const auto result = run({path("in"), "-o", path(format), "-f", format, "-q"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
    }
    for (const std::string& name : names_in("in")) {
        convert({path("in/" + name), "-auto-orient", "+repage", path("seen.tif")});
        // The first of a stem takes the plain name, the second keeps its extension inside.
        const bool is_second = name == "6.tif" || name == "8.tif";
        const std::string stem = is_second ? name : name.substr(0, 1);
        for (const std::string format : {"jpg", "png"}) {
            SCOPED_TRACE(name + " to " + format);
            convert({path(format + "/" + stem + "." + format), "-auto-orient", "+repage",
                     path("large.tif")});
            EXPECT_LE(difference(path("seen.tif"), path("large.tif")), 40);
        }
    }
    EXPECT_EQ(tags("jpg/6.jpg").at("IFD0:Orientation"), 6);
    EXPECT_EQ(tags("jpg/6.jpg").at("XMP-tiff:Orientation"), 6);
    // Not all viewers turn PNG files, so a tag there is left as it is found.
    EXPECT_EQ(tags("png/6.png").at("IFD0:Orientation"), 1);
    EXPECT_EQ(tags("webp/6.webp").at("IFD0:Orientation"), 1);
    EXPECT_EQ(tags("webp/6.webp").at("XMP-tiff:Orientation"), 1);
    // A wanted size is that of the picture as it is seen.
    ASSERT_EQ(run({path("in/6.jpg"), "-o", path("fit"), "--width", "40", "-q"}).exit_code, 0);
    EXPECT_EQ(identify("%wx%h", path("fit/6.jpg")), "40x60");
}

struct TagRow {
    const char* tag;  ///< ExifTool's name
    const char* value;
    const char* not_in;  ///< formats that cannot hold it
};

const TagRow kTagRows[] = {
    {"IFD0:Make", "Maker", ""},
    {"IFD0:Model", "Camera 1", ""},
    {"IFD0:Artist", "Ann", ""},
    {"IFD0:Copyright", "(c) Ann", ""},
    {"IFD0:ImageDescription", "a picture", ""},
    {"IFD0:XPKeywords", "one;two", ""},
    {"ExifIFD:DateTimeOriginal", "2020:01:02 03:04:05", ""},
    {"ExifIFD:OffsetTimeOriginal", "+02:00", ""},
    {"ExifIFD:LensModel", "Lens 50", ""},
    {"ExifIFD:UserComment", "a comment", ""},
    {"ExifIFD:ExposureTime", "0.005", ""},
    {"GPS:GPSLatitude", "45.5", ""},
    {"GPS:GPSLatitudeRef", "N", ""},
    {"IPTC:Keywords", "one", "webp"},
    {"IPTC:Caption-Abstract", "a caption", "webp"},
    {"XMP-dc:Creator", "Ann", ""},
    {"XMP-dc:Subject", "one", ""},
    {"XMP-xmp:Rating", "4", ""},
    {"XMP-crs:Exposure2012", "+0.5", ""},
    {"XMP-lr:HierarchicalSubject", "a|b", ""},
};

TEST_F(SisrBatchFidelity, MetadataOfAllKindsBetweenAllFormats) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    const std::string base = make_base();
    const std::vector<std::string> formats{"jpg", "png", "tif", "webp"};
    const std::string profile = "/usr/share/color/icc/ghostscript/a98.icc";
    const bool has_profile = fs::exists(profile);
    for (const std::string& format : formats) {
        std::vector<std::string> words{"exiftool",
                                       "-q",
                                       "-m",
                                       "-overwrite_original",
                                       "-n",
                                       "-ExifImageWidth=24",
                                       "-ExifImageHeight=16",
                                       "-XMP-tiff:ImageWidth=24"};
        for (const TagRow& row : kTagRows) {
            if (row.not_in != format) {
                words.push_back(std::string("-") + row.tag + "=" + row.value);
            }
        }
        const std::string file = path("in/from-" + format + "." + format);
        convert(has_profile ? std::vector<std::string>{base, "-profile", profile, file}
                            : std::vector<std::string>{base, file});
        words.push_back(file);
        run_tool(words);
    }
    std::map<std::string, nlohmann::json> inputs;
    for (const std::string& from : formats) inputs[from] = tags("in/from-" + from + "." + from);
    for (const std::string& to : formats) {
        const auto result = run({path("in"), "-o", path(to), "-f", to, "-q"});
        EXPECT_EQ(result.exit_code, 0) << result.err;
        for (const std::string& from : formats) {
            SCOPED_TRACE(from + " to " + to);
            const std::string name = to + "/from-" + from + "." + to;
            const auto& input = inputs.at(from);
            const auto output = tags(name);
            for (const TagRow& row : kTagRows) {
                if (row.not_in == from || row.not_in == to) continue;
                ASSERT_TRUE(input.contains(row.tag)) << row.tag;
                ASSERT_TRUE(output.contains(row.tag)) << row.tag;
                EXPECT_EQ(output.at(row.tag), input.at(row.tag)) << row.tag;
            }
            EXPECT_EQ(output.at("ExifIFD:ExifImageWidth"), 48);
            EXPECT_EQ(output.at("ExifIFD:ExifImageHeight"), 32);
            EXPECT_EQ(output.at("XMP-tiff:ImageWidth"), 48);
            if (!has_profile) continue;
            EXPECT_TRUE(run_tool({"exiftool", "-b", "-icc_profile", path(name)}) ==
                        read_bytes(profile));
        }
    }
}

TEST_F(SisrBatchFidelity, StrippedFilesTellNothingButTheirPixels) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    for (const char* extension : {"jpg", "png", "tif", "webp"}) {
        const std::string file = path(std::string("in/a.") + extension);
        convert({make_base(), file});
        run_tool(
            {"exiftool", "-q", "-overwrite_original", "-Make=Maker", "-XMP-dc:Creator=Ann", file});
    }
    ASSERT_EQ(run({path("in"), "-o", path("out"), "--strip-metadata", "-q"}).exit_code, 0);
    for (const std::string& name : names_in("out")) {
        const auto output = tags("out/" + name);
        EXPECT_FALSE(output.contains("IFD0:Make")) << name;
        EXPECT_FALSE(output.contains("XMP-dc:Creator")) << name;
    }
}

TEST_F(SisrBatchFidelity, StrippedFilesAreWrittenAsTheyWere) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    convert({make_base(), "-quality", "82", path("in/a.jpg")});
    convert({"-delay", "30", make_base(), "(", "+clone", "-negate", ")", "-loop", "2",
             path("in/b.gif")});
    ASSERT_EQ(run({path("in"), "-o", path("out"), "--strip-metadata", "-q"}).exit_code, 0);
    EXPECT_EQ(identify("%Q", path("out/a.jpg")), "82");
    EXPECT_EQ(identify("%T,", path("out/b.gif")), "30,30,");
}

TEST_F(SisrBatchFidelity, ResolutionIsKeptOrScaled) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    SISR_SKIP_WITHOUT_TOOL("exiftool");
    const std::vector<std::string> formats{"jpg", "png", "tif"};
    for (const std::string& format : formats) {
        const std::string file = path("in/" + format + "." + format);
        convert({make_base(), "-density", "300", "-units", "PixelsPerInch", file});
        run_tool({"exiftool", "-q", "-overwrite_original", "-IFD0:XResolution=300",
                  "-IFD0:YResolution=300", "-IFD0:ResolutionUnit=inches", file});
    }
    for (const auto& [option, expected] : {std::pair("keep", 300.0), {"scale", 600.0}}) {
        ASSERT_EQ(run({path("in"), "-o", path(option), "--dpi", option, "-q"}).exit_code, 0);
        for (const std::string& format : formats) {
            const std::string name = std::string(option) + "/" + format + "." + format;
            const std::string told = identify("%[fx:resolution.x]", path(name));
            std::string_view rest(told);
            const double seen = take_number<double>(rest).value_or(0);
            const bool is_metric = identify("%[units]", path(name)) == "PixelsPerCentimeter";
            EXPECT_NEAR(is_metric ? 2.54 * seen : seen, expected, 0.5) << name;
            EXPECT_NEAR(tags(name).at("IFD0:XResolution").get<double>(), expected, 0.5) << name;
        }
    }
}

TEST_F(SisrBatchFidelity, PagesAndFrames) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const std::string base = make_base();
    const std::vector<std::string> three{"(",      "+clone",  "-negate", ")", "(",
                                         "+clone", "-rotate", "180",     ")"};
    for (const char* name : {"a.tif", "b.gif", "c.webp"}) {
        std::vector<std::string> words{"-delay", "20", base, "-depth", "8"};
        words.insert(words.end(), three.begin(), three.end());
        words.push_back(path(std::string("in/") + name));
        convert(words);
    }
    const CommandResult result = run({path("in"), "-o", path("out"), "-q"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "sisr-batch: " + path("in/c.webp") +
                              ": has 3 pages or frames; only the first is done, since .webp files "
                              "are written with one\n");
    EXPECT_EQ(identify("%n %wx%h %T,", path("out/b.gif")), "3 48x32 20,3 48x32 20,3 48x32 20,");
    EXPECT_EQ(identify("%n,", path("out/a.tif")), "3,3,3,");
    EXPECT_EQ(identify("%n,", path("out/c.webp")), "1,");
    for (const char* page : {"[0]", "[1]", "[2]"}) {
        EXPECT_EQ(difference(path("in/a.tif") + page, path("out/a.tif") + page), 0) << page;
    }
}

TEST_F(SisrBatchFidelity, PagesOfOneFileAreEachTheirOwn) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    SISR_SKIP_WITHOUT_TOOL("tiffset");
    const std::string base = make_base();
    convert({base, "-depth", "8", "-density", "72", path("8.tif")});
    convert({base, "-depth", "16", "-density", "300", path("16.tif")});
    run_tool({"tiffset", "-s", "274", "6", path("16.tif")});
    run_tool({"tiffcp", path("8.tif"), path("16.tif"), path("in/pages.tif")});
    const CommandResult result = run({path("in"), "-o", path("out"), "-q"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(identify("%z %[orientation] %x,", path("out/pages.tif")),
              identify("%z %[orientation] %x,", path("in/pages.tif")));
    // Turned where the format cannot say it, and then only that page.
    ASSERT_EQ(run({path("in"), "-o", path("gif"), "-f", "gif", "-q"}).exit_code, 0);
    EXPECT_EQ(identify("%wx%h,", path("gif/pages.gif")).substr(0, 6), "48x32,");
}

TEST_F(SisrBatchFidelity, WhatIsNotDoneIsTold) {
    Image image({12, 10, 3, false, Encoding::linear});
    for (float& sample : image.samples()) sample = 0.5F;
    image.at(9, 9, 0) = NAN;
    write_image(folder_ / "in/nan.exr", image, {Depth::f32, 0, nullptr});
    const CommandResult result = run({path("in"), "-o", path("out"), "-q"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "sisr-batch: " + path("in/nan.exr") +
                              ": had 1 value that is no number or infinite, at pixel 9,9; "
                              "repaired from their neighbours\n");
    for (int y = 0; y < 5; ++y) {
        for (int x = 0; x < 5; ++x) image.at(x, y, 1) = INFINITY;
    }
    write_image(folder_ / "in/inf.exr", image, {Depth::f32, 0, nullptr});
    const CommandResult refused = run({path("in/inf.exr"), "-o", path("out2"), "-q"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_TRUE(contains(refused.err, path("in/inf.exr") + ": has values")) << refused.err;
    EXPECT_EQ(refused.error_lines(), 1U);
}

TEST_F(SisrBatchFidelity, QuestionMarksInNames) {
    const Image image = make_image("in/what is this?.png");
    make_image("in/a?b=1&c.tif");
    ASSERT_EQ(run({path("in"), "-o", path("out"), "-q"}).exit_code, 0);
    EXPECT_EQ(names_in("out"), (Names{"what is this?.png", "a?b=1&c.tif"}));
    EXPECT_LE(max_difference(read_image(folder_ / "out/what is this?.png"), repeated(image)),
              kExact);
}

TEST_F(SisrBatchFidelity, LightBeyondTheRangeIsKept) {
    struct Case {
        const char* name;
        Depth depth;
        double step;  ///< relative: the sRGB curve there and back, and the format's own
    };
    const Case kCases[] = {{"float.exr", Depth::f32, 1e-5},
                           {"half.exr", Depth::half, 1e-3},
                           {"float.tif", Depth::f32, 1e-5},
                           {"light.hdr", Depth::f32, 1e-2}};
    const float kValues[] = {-0.5F, 0.25F, 3.0F, 60.0F};
    // Of one colour each, since beyond the range a filter enlarges, not the model.
    for (const float value : kValues) {
        Image image({12, 8, 3, false, Encoding::linear});
        for (float& sample : image.samples()) sample = value;
        for (const Case& c : kCases) {
            const std::string name = "in/" + std::to_string(value) + c.name;
            write_image(folder_ / name, image, {c.depth, 0, nullptr});
        }
    }
    ASSERT_EQ(run({path("in"), "-o", path("out"), "-q"}).exit_code, 0);
    for (const float value : kValues) {
        for (const Case& c : kCases) {
            const bool is_rgbe = std::string(c.name) == "light.hdr";
            const double expected = is_rgbe ? std::fmax(0, value) : value;
            const Image back = read_image(folder_ / ("out/" + std::to_string(value) + c.name));
            for (const float sample : back.samples()) {
                ASSERT_NEAR(sample, expected, c.step * std::fabs(value)) << value << c.name;
            }
        }
    }
}

}  // namespace
}  // namespace sisr::test
