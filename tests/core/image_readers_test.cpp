#include "support/images.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "support/tools.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <fstream>
#include <map>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// Files as other programs make them, and what must come out of them.
class ImageReaders : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& bytes) {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
    }

    std::string error_of(const std::string& name) {
        try {
            read_image(folder_ / name);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    void expect_refused(const std::string& name, const std::string& reason) {
        const std::string error = error_of(name);
        EXPECT_EQ(error.find((folder_ / name).string() + ": "), 0U) << error;
        EXPECT_NE(error.find(reason), std::string::npos) << error;
    }

    /// levels: of 255.
    static void expect_pixel(const Image& image, int x, int y, const std::vector<double>& levels,
                             double tolerance = 0.01) {
        ASSERT_EQ(image.channels(), static_cast<int>(levels.size()));
        for (std::size_t c = 0; c < levels.size(); ++c) {
            EXPECT_NEAR(255 * image.at(x, y, static_cast<int>(c)), levels[c], tolerance)
                << x << "," << y << " channel " << c;
        }
    }

    TempDir folder_;
};

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

TEST_F(ImageReaders, TiffFilesOfFewBits) {
    SISR_SKIP_WITHOUT_PYTHON("PIL");
    SISR_SKIP_WITHOUT_TOOL("convert");
    run_python(folder_.path(), R"(
from PIL import Image
import numpy as np
a = np.add.outer(np.arange(9), np.arange(21)) % 5 == 0
Image.fromarray(a).save('plain.tif')
for c in ('group4', 'group3', 'packbits', 'tiff_lzw'): Image.fromarray(a).save(c + '.tif', compression=c)
g = (np.add.outer(3 * np.arange(9), 5 * np.arange(21)) % 256).astype('u1')
Image.fromarray(g).save('g.png'))");
    const auto is_white = [](int x, int y) { return (x + y) % 5 == 0; };
    for (const char* name : {"plain", "group4", "group3", "packbits", "tiff_lzw"}) {
        SCOPED_TRACE(name);
        const Image image = read_image(folder_ / (std::string(name) + ".tif"));
        ASSERT_EQ(image.channels(), 1);
        for (int y = 0; y < 9; ++y) {
            for (int x = 0; x < 21; ++x) EXPECT_EQ(image.at(x, y, 0), is_white(x, y) ? 1 : 0);
        }
    }
    // ImageMagick's, of other orders of bits and senses.
    const std::string in = (folder_ / "g.png").string();
    for (const char* depth : {"1", "2", "4", "8", "12", "16"}) {
        for (const char* sense : {"min-is-white", "min-is-black"}) {
            for (const char* order : {"msb", "lsb"}) {
                const std::string file = (folder_ / "im.tif").string();
                run_tool({"convert", in, "-depth", depth, "-define",
                          std::string("quantum:polarity=") + sense, "-define",
                          std::string("tiff:fill-order=") + order, "-compress", "none", file});
                run_tool({"convert", file, "-depth", "16", (folder_ / "truth.png").string()});
                SCOPED_TRACE(std::string(depth) + " " + sense + " " + order);
                // Where it forgets the sense in writing it does in reading too.
                const bool forgets = std::string(sense) == "min-is-white" &&
                                     std::string("2 4 12").find(depth) != std::string::npos;
                Image truth = read_image(folder_ / "truth.png");
                for (float& sample : truth.samples()) sample = forgets ? 1 - sample : sample;
                EXPECT_LE(max_difference(read_image(file), truth), 1e-4);
            }
        }
    }
}

TEST_F(ImageReaders, TiffFilesOfLessUsualColours) {
    SISR_SKIP_WITHOUT_PYTHON("tifffile");
    run_python(folder_.path(), R"(
import tifffile, numpy as np
def lab(name, l, a, b, dtype, photometric):
    p = np.zeros((32, 48, 3), dtype); p[...] = (l, a, b)
    tifffile.imwrite(name + '.tif', p, photometric=photometric)
lab('white8', 255, 0, 0, 'u1', 'cielab')
lab('white16', 65535, 0, 0, 'u2', 'cielab')
lab('red8', round(54.29 * 2.55), 81, 70, 'u1', 'cielab')
lab('red16', round(54.29 * 655.35), round(80.81 * 256), round(69.89 * 256), 'u2', 'cielab')
lab('blue8', round(29.57 * 2.55), 68, 256 - 112, 'u1', 'cielab')
lab('iccwhite8', 255, 128, 128, 'u1', 'icclab')
lab('iccwhite16', 65280, 32768, 32768, 'u2', 'icclab')
lab('iccred8', round(54.29 * 2.55), 128 + 81, 128 + 70, 'u1', 'icclab')
g = np.arange(16 * 16).reshape(16, 16)
tifffile.imwrite('iswhite8.tif', g.astype('u1'), photometric='miniswhite')
tifffile.imwrite('iswhite16.tif', (g * 257).astype('u2'), photometric='miniswhite')
tifffile.imwrite('tiled.tif', np.tile(g.astype('u1'), (3, 3)), photometric='minisblack', tile=(32, 32))
tifffile.imwrite('big.tif', (g * 257).astype('u2'), photometric='minisblack', bigtiff=True, byteorder='>')
tifffile.imwrite('u32.tif', (g * 16843009).astype('u4'), photometric='minisblack')
tifffile.imwrite('double.tif', (g / 255).astype('f8'), photometric='minisblack')
tifffile.imwrite('half.tif', (g / 255).astype('f2'), photometric='minisblack')
for t in ('i1', 'i2', 'i4'): tifffile.imwrite(t + '.tif', (g % 100).astype(t), photometric='minisblack')
tifffile.imwrite('bands.tif', np.zeros((16, 16, 5), 'u2'), photometric='minisblack', planarconfig='contig')
m = np.zeros((3, 256), 'u2'); m[0] = np.arange(256) * 201; m[1] = 65535 - np.arange(256) * 99; m[2] = 77
tifffile.imwrite('palette.tif', g.astype('u1'), photometric='palette', colormap=m)
m = np.zeros((3, 65536), 'u2'); m[0] = np.arange(65536); m[1] = 65535 - np.arange(65536)
tifffile.imwrite('palette16.tif', (g * 200).astype('u2'), photometric='palette', colormap=m))");
    for (const char* name : {"white8", "white16", "iccwhite8", "iccwhite16"}) {
        SCOPED_TRACE(name);
        const auto file = folder_ / (std::string(name) + ".tif");
        expect_pixel(read_image(file), 20, 20, {255, 255, 255}, 0.6);
        const bool is_16 = std::string(name).find("16") != std::string::npos;
        EXPECT_EQ(FileSource(file).depth(), is_16 ? Depth::u16 : Depth::u8);
    }
    for (const char* name : {"red8", "red16", "iccred8"}) {
        SCOPED_TRACE(name);
        expect_pixel(read_image(folder_ / (std::string(name) + ".tif")), 5, 5, {255, 0, 0}, 5);
    }
    expect_pixel(read_image(folder_ / "blue8.tif"), 5, 5, {0, 0, 255}, 8);
    for (const char* name : {"iswhite8", "iswhite16"}) {
        expect_pixel(read_image(folder_ / (std::string(name) + ".tif")), 3, 2, {255 - 35});
    }
    for (const char* name : {"big", "u32", "double"}) {
        SCOPED_TRACE(name);
        expect_pixel(read_image(folder_ / (std::string(name) + ".tif")), 3, 2, {35});
    }
    expect_pixel(read_image(folder_ / "tiled.tif"), 35, 34, {35});
    expect_pixel(read_image(folder_ / "half.tif"), 3, 2, {35}, 0.05);
    EXPECT_EQ(FileSource(folder_ / "half.tif").depth(), Depth::half);
    const Image palette = read_image(folder_ / "palette.tif");
    expect_pixel(palette, 3, 2, {35 * 201 / 257.0, (65535 - 35 * 99) / 257.0, 77 / 257.0}, 1e-3);
    EXPECT_EQ(FileSource(folder_ / "palette.tif").depth(), Depth::u16);
    expect_pixel(read_image(folder_ / "palette16.tif"), 3, 2,
                 {35 * 200 / 257.0, (65535 - 7000) / 257.0, 0}, 1e-3);
    for (const char* name : {"i1.tif", "i2.tif", "i4.tif"}) expect_refused(name, "signed numbers");
    expect_refused("bands.tif", "5 channels");
}

TEST_F(ImageReaders, ChromaOfItsOwnResolutionInTiff) {
    SISR_SKIP_WITHOUT_PYTHON("numpy");
    SISR_SKIP_WITHOUT_TOOL("tiffcp");
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto path = [&](const char* name) { return (folder_ / name).string(); };
    for (const auto& [across, down] : {std::pair("1", "1"), {"2", "1"}, {"2", "2"}, {"4", "2"}}) {
        SCOPED_TRACE(std::string(across) + " by " + down);
        run_python(folder_.path(), std::string("h, v = ") + across + ", " + down + R"(
import struct, numpy as np
H, W = 29, 37
y, x = np.mgrid[0:H, 0:W]
# Colours change from one group of chroma to the next, light from pixel to pixel.
Y = 60 + 2 * x + y
Cb = 128 + 3 * (x // h) // 2 - 10
Cr = 128 + 2 * (y // v) - 20
rgb = np.stack([Y + 1.402 * (Cr - 128), Y - 0.344136 * (Cb - 128) - 0.714136 * (Cr - 128),
                Y + 1.772 * (Cb - 128)], 2).clip(0, 255).round().astype('u1')
open('truth.ppm', 'wb').write(b'P6 %d %d 255 ' % (W, H) + rgb.tobytes())
data = bytearray()
for by in range(0, H, v):
    for bx in range(0, W, h):
        for j in range(v):
            for i in range(h): data.append(Y[min(by + j, H - 1), min(bx + i, W - 1)])
        data += bytes((Cb[by, bx], Cr[by, bx]))
tags = [(256, 4, W), (257, 4, H), (258, 3, None), (259, 3, 1), (262, 3, 6), (273, 4, None),
        (277, 3, 3), (278, 4, H), (279, 4, len(data)), (530, 3, h | v << 16)]
at = 8 + 2 + 12 * len(tags) + 4
out = b'II*\0' + struct.pack('<IH', 8, len(tags))
for tag, kind, value in tags:
    count = 3 if tag == 258 else 2 if tag == 530 else 1
    if tag == 258: value = at
    if tag == 273: value = at + 6
    out += struct.pack('<HHII', tag, kind, count, value)
open('ycc.tif', 'wb').write(out + struct.pack('<IHHH', 0, 8, 8, 8) + bytes(data))
)");
        const Image truth = read_image(folder_ / "truth.ppm");
        EXPECT_LE(max_difference(read_image(folder_ / "ycc.tif"), truth), 2.5 / 255);
    }
    run_tool({"convert", path("truth.ppm"), "-compress", "none", path("flat.tif")});
    run_tool({"tiffcp", "-c", "jpeg:97", path("flat.tif"), path("jpeg.tif")});
    EXPECT_LE(max_difference(read_image(folder_ / "jpeg.tif"), read_image(folder_ / "flat.tif")),
              16.0 / 255);
}

TEST_F(ImageReaders, EachTiffPageIsAsItSays) {
    SISR_SKIP_WITHOUT_PYTHON("tifffile");
    run_python(folder_.path(), R"(
import tifffile, numpy as np
A = np.arange(8 * 6 * 3).reshape(8, 6, 3).astype('u1')
with tifffile.TiffWriter('pages.tif') as t:
    t.write(A[::2, ::2], photometric='rgb', subfiletype=1)
    t.write(A, photometric='rgb', resolution=(72, 72))
    t.write(A[:, :, 0] > 9, photometric='minisblack', subfiletype=4)
    t.write(A.astype('u2') * 257, photometric='rgb', extratags=[(274, 'H', 1, 6, True)], resolution=(300, 300))
    t.write(A.astype('f4') * 3 / 255 - .5, photometric='rgb')
    t.write(A[::4, ::4], photometric='rgb', subfiletype=1)
with tifffile.TiffWriter('below.tif') as t:
    t.write(A[::2, ::2], photometric='rgb', subfiletype=1, subifds=1)
    t.write(A, photometric='rgb')
)");
    FileSource source(folder_ / "pages.tif");
    EXPECT_EQ(source.pages(), 3);
    EXPECT_EQ(source.shape().size(), (Size{6, 8}));
    EXPECT_EQ(source.depth(), Depth::u8);
    EXPECT_EQ(source.orientation(), 1);
    ASSERT_TRUE(source.next_page());
    EXPECT_EQ(source.depth(), Depth::u16);
    EXPECT_EQ(source.orientation(), 6);
    ASSERT_TRUE(source.next_page());
    EXPECT_EQ(source.depth(), Depth::f32);
    EXPECT_EQ(source.orientation(), 1);
    Image last(source.shape());
    source.read_rows(0, last.height(), last.row(0));
    EXPECT_NEAR(last.at(0, 0, 0), -0.5, 1e-6);
    EXPECT_FALSE(source.next_page());
    EXPECT_EQ(FileSource(folder_ / "below.tif").shape().size(), (Size{6, 8}));
}

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
    const std::string unmerged = std::string("8BIM\x04\x21\0\0\0\0\0\x08\0\0\0\1\0\0\0\0", 20);
    write("unmerged.psd", psd(3, 3, unmerged, "", "\xFF\xFF\xFF"));
    expect_refused("unmerged.psd", "without its merged picture");
    write("indexed.psd", psd(1, 2, "", "", "\x01"));
    expect_refused("indexed.psd", "palette");
    write("lab.psd", psd(3, 9, "", "", "\xFF\x80\x80"));
    expect_refused("lab.psd", "");
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
    write_exr(folder_ / "chroma.exr", exr_spec({"BY", "RY", "Y"}));
    expect_refused("chroma.exr", "holds no picture");
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
