#include "support/image_readers.h"
#include "support/python.h"
#include "support/tools.h"

#include <map>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

TEST_F(ImageReaders, StraightAlphaStaysStraight) {
    SISR_SKIP_WITHOUT_PYTHON("PIL");
    run_python(folder_.path(), R"(
from PIL import Image
im = Image.new('RGBA', (48, 32), (200, 30, 30, 128))
im.putpixel((5, 6), (10, 240, 90, 3))
for e in ('bmp', 'jp2', 'sgi', 'dds', 'tga', 'tif', 'png'): im.save('al.' + e)
im.save('al.webp', lossless=True, exact=True))");
    for (const char* extension : {"bmp", "jp2", "sgi", "dds", "tga", "tif", "png", "webp"}) {
        SCOPED_TRACE(extension);
        const Image image = read_image(folder_ / (std::string("al.") + extension));
        expect_pixel(image, 20, 20, {200, 30, 30, 128});
        expect_pixel(image, 5, 6, {10, 240, 90, 3});
    }
}

TEST_F(ImageReaders, StraightAlphaOfImageMagick) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const std::map<std::string, std::vector<std::string>> kFiles = {
        {"a.dpx", {"-depth", "16"}},
        {"a.sgi", {"-depth", "16"}},
        {"a.jp2", {"-depth", "8"}},
        {"a.tga", {"-depth", "8", "-compress", "rle"}},
        {"a.tif", {"-depth", "16"}},
        {"grey.png", {"-colorspace", "gray", "-depth", "8"}},
        {"a.dds", {"-define", "dds:compression=none"}},
        {"a.webp", {"-define", "webp:lossless=true"}}};
    for (const auto& [name, words] : kFiles) {
        SCOPED_TRACE(name);
        const std::string file = (folder_ / name).string();
        std::vector<std::string> all{"convert", "-size", "48x32", "xc:rgba(200,30,30,0.5)"};
        all.insert(all.end(), words.begin(), words.end());
        all.push_back(file);
        run_tool(all);
        const Image image = read_image(file);
        if (name == "grey.png") {
            ASSERT_TRUE(image.shape().has_alpha);
            EXPECT_GT(image.at(3, 3, 0), 0.2);
        } else {
            expect_pixel(image, 20, 20, {200, 30, 30, 127.5}, 1);
        }
    }
}

TEST_F(ImageReaders, AlphaOfTargaFilesIsWhatTheyCallIt) {
    const auto file_of = [](int bits, int kind) {
        std::string file("\0\0\2\0\0\0\0\0\0\0\0\0\4\0\4\0\x20\x20", 18);
        file[17] = static_cast<char>(0x20 | bits);
        for (int i = 0; i < 16; ++i) file += "\x0F\x1E\x40\x80";
        if (kind < 0) return file;
        std::string extension(495, '\0');
        extension[0] = '\xEF';
        extension[1] = 1;
        extension[494] = static_cast<char>(kind);
        const auto at = static_cast<char>(file.size());
        return file + extension + std::string{at, 0, 0, 0, 0, 0, 0, 0} +
               std::string("TRUEVISION-XFILE.\0", 18);
    };
    const std::vector<double> plain{64, 30, 15};
    const std::vector<double> straight{64, 30, 15, 128};
    const std::vector<double> divided{127.5, 59.77, 29.88, 128};
    struct Case {
        int bits;
        int kind;
        std::vector<double> expected;
    };
    for (const Case& c : {Case{8, -1, straight},
                          {0, -1, plain},
                          {8, 0, plain},
                          {8, 1, plain},
                          {8, 2, straight},
                          {8, 3, straight},
                          {8, 4, divided}}) {
        SCOPED_TRACE(std::to_string(c.bits) + " bits, kind " + std::to_string(c.kind));
        write("a.tga", file_of(c.bits, c.kind));
        expect_pixel(read_image(folder_ / "a.tga"), 1, 1, c.expected, 0.3);
    }
}

TEST_F(ImageReaders, AssociatedAlphaOfExrAndTiff) {
    SISR_SKIP_WITHOUT_PYTHON("tifffile");
    run_python(folder_.path(), R"(
import tifffile, numpy as np
for kind, rgb in (('assocalpha', (100, 15, 15)), ('unassalpha', (200, 30, 30)),
                  ('unspecified', (200, 30, 30))):
    for planar in ('contig', 'separate'):
        a = np.zeros((32, 48, 4), 'u1'); a[...] = rgb + (128,)
        if planar == 'separate': a = np.moveaxis(a, 2, 0).copy()
        tifffile.imwrite(kind + planar + '.tif', a, photometric='rgb', planarconfig=planar,
                         extrasamples=[kind])
g = np.zeros((32, 48, 2), 'u2'); g[...] = (20000, 40000)
tifffile.imwrite('grey.tif', g, photometric='minisblack', planarconfig='contig', extrasamples=['assocalpha']))");
    for (const std::string planar : {"contig", "separate"}) {
        SCOPED_TRACE(planar);
        expect_pixel(read_image(folder_ / ("assocalpha" + planar + ".tif")), 3, 3,
                     {199.2, 29.9, 29.9, 128}, 0.1);
        expect_pixel(read_image(folder_ / ("unassalpha" + planar + ".tif")), 3, 3,
                     {200, 30, 30, 128});
        const auto spare = folder_ / ("unspecified" + planar + ".tif");
        expect_pixel(read_image(spare), 3, 3, {200, 30, 30});
        ASSERT_EQ(FileSource(spare).notes().size(), 1U);
        EXPECT_NE(FileSource(spare).notes()[0].find("does not call alpha"), std::string::npos);
    }
    expect_pixel(read_image(folder_ / "grey.tif"), 3, 3, {127.5, 255 * 40000.0 / 65535});
    Image image({8, 8, 3, true, Encoding::linear});
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        image.samples()[i] = i % 4 == 3 ? 0.25F : 0.75F;
    }
    write_image(folder_ / "a.exr", image, {Depth::f32, 0, nullptr});
    const Image back = read_image(folder_ / "a.exr");
    EXPECT_NEAR(back.at(4, 4, 0), 0.75, 1e-6);
    EXPECT_NEAR(back.at(4, 4, 3), 0.25, 1e-6);
}

TEST_F(ImageReaders, TransparencyOfGifs) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto make = [&](const std::string& name, std::vector<std::string> words) {
        words.insert(words.begin(), "convert");
        words.push_back((folder_ / name).string());
        run_tool(words);
        return folder_ / name;
    };
    const std::vector<std::string> disc{"-size", "48x36",      "xc:none", "-fill",
                                        "red",   "+antialias", "-draw",   "circle 24,18 24,4"};
    std::vector<std::string> interlaced = disc;
    interlaced.insert(interlaced.end(), {"-interlace", "GIF"});
    for (const fs::path& file : {make("a.gif", disc), make("i.gif", interlaced)}) {
        const Image image = read_image(file);
        ASSERT_TRUE(image.shape().has_alpha);
        EXPECT_EQ(image.at(2, 2, 3), 0);
        expect_pixel(image, 24, 18, {255, 0, 0, 255});
    }
    // A first frame that is a part of the canvas.
    const auto part = make("part.gif", {"-size", "10x8", "xc:blue", "-repage", "30x20+5+6"});
    const Image partial = read_image(part);
    EXPECT_EQ(partial.shape().size(), (Size{30, 20}));
    ASSERT_TRUE(partial.shape().has_alpha);
    EXPECT_EQ(partial.at(4, 6, 3), 0);
    expect_pixel(partial, 5, 6, {0, 0, 255, 255});
    expect_pixel(partial, 14, 13, {0, 0, 255, 255});
    EXPECT_EQ(partial.at(15, 13, 3), 0);
    EXPECT_FALSE(read_image(make("full.gif", {"-size", "10x8", "xc:blue"})).shape().has_alpha);
}

/// Frames of 6x6 that overlap; disposal as GIF counts it.
TEST_F(ImageReaders, FramesAreDrawnOverWhatIsLeft) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto make = [&](const char* disposal) {
        const auto file = folder_ / (std::string(disposal) + ".gif");
        run_tool({"convert", "-dispose", "none",       "-delay",  "20",  "-size",    "6x6",
                  "xc:red",  "-dispose", disposal,     "-delay",  "30",  "(",        "-size",
                  "2x2",     "xc:lime",  "-repage",    "6x6+0+0", ")",   "-dispose", "none",
                  "-delay",  "40",       "(",          "-size",   "2x2", "xc:blue",  "-repage",
                  "6x6+4+4", ")",        file.string()});
        return file;
    };
    const auto third = [&](const fs::path& file) {
        FileSource source(file);
        EXPECT_EQ(source.pages(), 3);
        EXPECT_TRUE(source.next_page());
        EXPECT_TRUE(source.next_page());
        Image image(source.shape());
        source.read_rows(0, image.height(), image.row(0));
        EXPECT_FALSE(source.next_page());
        return image;
    };
    const Image none = third(make("none"));
    expect_pixel(none, 0, 0, {0, 255, 0});
    expect_pixel(none, 3, 3, {255, 0, 0});
    expect_pixel(none, 5, 5, {0, 0, 255});
    expect_pixel(third(make("previous")), 0, 0, {255, 0, 0});
    const Image cleared = third(make("background"));
    ASSERT_TRUE(cleared.shape().has_alpha);
    EXPECT_EQ(cleared.at(0, 0, 3), 0);
    expect_pixel(cleared, 3, 3, {255, 0, 0, 255});
}

TEST_F(ImageReaders, AGifThatIsCutOffIsRefused) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto file = folder_ / "a.gif";
    run_tool({"convert", "-delay", "20", "-size", "40x30", "gradient:red-blue", "gradient:blue-red",
              "gradient:lime-red", file.string()});
    EXPECT_EQ(FileSource(file).pages(), 3);
    const std::string whole = read_bytes(file);
    for (const std::size_t part : {1, 2, 3, 4, 5}) {
        write("cut.gif", whole.substr(0, whole.size() * part / 6));
        expect_refused("cut.gif", "truncated");
    }
    write("untrailed.gif", whole.substr(0, whole.size() - 1));
    EXPECT_EQ(FileSource(folder_ / "untrailed.gif").pages(), 3);
}

}  // namespace
}  // namespace sisr::test
