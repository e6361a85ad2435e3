#include "support/image_readers.h"
#include "support/python.h"
#include "support/tools.h"

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

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
                                     std::string(" 2 4 12 ").find(std::string(" ") + depth + " ") !=
                                         std::string::npos;
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

TEST_F(ImageReaders, WhiteOfLabInTiffIsTheOneThatIsTold) {
    SISR_SKIP_WITHOUT_TOOL("convert");
    const auto path = [&](const char* name) { return (folder_ / name).string(); };
    run_tool({"convert", "-size", "37x29", "gradient:#c81e1e-#1e64c8", "-depth", "8",
              path("truth.png")});
    // Relative to D65, and it says so.
    run_tool({"convert", path("truth.png"), "-colorspace", "lab", "-depth", "16", path("lab.tif")});
    EXPECT_LE(max_difference(read_image(folder_ / "lab.tif"), read_image(folder_ / "truth.png")),
              4.0 / 255);
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

}  // namespace
}  // namespace sisr::test
