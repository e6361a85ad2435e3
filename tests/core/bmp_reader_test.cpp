#include "support/images.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <fstream>

namespace sisr::test {
namespace {

std::string le(std::uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
    return text;
}

struct Bitmap {
    int width = 2;
    int height = 2;
    int head_bytes = 40;
    int bits = 32;
    int compression = 0;
    std::vector<std::uint32_t> masks;  ///< R, G, B and perhaps alpha
    std::string palette;
    std::string pixels;
    int colours = 0;
};

std::string bytes_of(const Bitmap& b) {
    std::string head = le(static_cast<std::uint64_t>(b.head_bytes), 4);
    if (b.head_bytes == 12) {
        head += le(static_cast<std::uint64_t>(b.width), 2) +
                le(static_cast<std::uint64_t>(b.height), 2) + le(1, 2) +
                le(static_cast<std::uint64_t>(b.bits), 2);
    } else {
        head += le(static_cast<std::uint32_t>(b.width), 4) +
                le(static_cast<std::uint32_t>(b.height), 4) + le(1, 2) +
                le(static_cast<std::uint64_t>(b.bits), 2) +
                le(static_cast<std::uint64_t>(b.compression), 4) + le(b.pixels.size(), 4) +
                le(3937, 4) + le(3937, 4) + le(static_cast<std::uint64_t>(b.colours), 4) + le(0, 4);
        for (const std::uint32_t mask : b.masks) head += le(mask, 4);
        if (b.head_bytes > 40) head.resize(static_cast<std::size_t>(b.head_bytes));
    }
    head += b.palette;
    return "BM" + le(14 + head.size() + b.pixels.size(), 4) + le(0, 4) + le(14 + head.size(), 4) +
           head + b.pixels;
}

class BmpReader : public ::testing::Test {
protected:
    Image read(const Bitmap& bitmap) {
        const auto file = folder_ / "a.bmp";
        std::ofstream(file, std::ios::binary) << bytes_of(bitmap);
        depth_ = FileSource(file).depth();
        return read_image(file);
    }

    std::string error_of(const Bitmap& bitmap) {
        try {
            read(bitmap);
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }

    static void expect_pixel(const Image& image, int x, int y, const std::vector<double>& levels,
                             double largest = 255) {
        ASSERT_EQ(image.channels(), static_cast<int>(levels.size()));
        for (std::size_t c = 0; c < levels.size(); ++c) {
            EXPECT_NEAR(image.at(x, y, static_cast<int>(c)), levels[c] / largest, 1e-6)
                << x << "," << y << " channel " << c;
        }
    }

    TempDir folder_;
    Depth depth_ = Depth::u8;
};

/// Bottom row first: blue-green below, red above. fourth: of each pixel.
std::string pixels_of_32(int fourth) {
    const auto pixel = [&](int b, int g, int r) {
        return std::string{static_cast<char>(b), static_cast<char>(g), static_cast<char>(r),
                           static_cast<char>(fourth)};
    };
    return pixel(200, 100, 0) + pixel(200, 100, 0) + pixel(30, 40, 250) + pixel(30, 40, 250);
}

TEST_F(BmpReader, AFourthByteOfZerosIsNoAlpha) {
    for (const int head : {40, 108, 124}) {
        for (const bool has_masks : {false, true}) {
            Bitmap bitmap;
            bitmap.head_bytes = head;
            bitmap.compression = has_masks ? 3 : 0;
            bitmap.masks = {0xFF0000, 0xFF00, 0xFF};
            if (head > 40) bitmap.masks.push_back(0xFF000000);
            if (head == 40 && !has_masks) bitmap.masks.clear();
            SCOPED_TRACE(std::to_string(head) + (has_masks ? " masks" : ""));
            bitmap.pixels = pixels_of_32(0);
            const Image opaque = read(bitmap);
            expect_pixel(opaque, 0, 0, {250, 40, 30});
            expect_pixel(opaque, 1, 1, {0, 100, 200});
            bitmap.pixels = pixels_of_32(128);
            // Masks without one for alpha say that there is none.
            const Image clear = read(bitmap);
            if (head == 40 && has_masks) {
                expect_pixel(clear, 0, 0, {250, 40, 30});
            } else {
                expect_pixel(clear, 0, 0, {250, 40, 30, 128});
            }
        }
    }
}

TEST_F(BmpReader, PixelsOf16Bits) {
    Bitmap bitmap;
    bitmap.bits = 16;
    bitmap.height = 1;
    bitmap.pixels = le(31 << 10 | 7 << 5 | 1, 2) + le(0x8000 | 2 << 10 | 31 << 5, 2);
    expect_pixel(read(bitmap), 0, 0, {31, 7, 1}, 31);
    expect_pixel(read(bitmap), 1, 0, {2, 31, 0}, 31);
    bitmap.compression = 3;
    bitmap.masks = {0xF800, 0x7E0, 0x1F};
    bitmap.pixels = le(31 << 11 | 21 << 5 | 1, 2) + le(63 << 5, 2);
    const Image image = read(bitmap);
    EXPECT_NEAR(image.at(0, 0, 1), 21.0 / 63, 1e-6);
    EXPECT_NEAR(image.at(0, 0, 2), 1.0 / 31, 1e-6);
    expect_pixel(image, 1, 0, {0, 1, 0}, 1);
    bitmap.head_bytes = 124;
    bitmap.masks = {0xF00, 0xF0, 0xF, 0xF000};
    bitmap.pixels = le(0x8A31, 2) + le(0xF00F, 2);
    expect_pixel(read(bitmap), 0, 0, {10, 3, 1, 8}, 15);
    bitmap.masks = {0xF00, 0xF0, 0xF, 0xF000};
    bitmap.head_bytes = 56;
    expect_pixel(read(bitmap), 1, 0, {0, 0, 15, 15}, 15);
}

TEST_F(BmpReader, MasksOutOfTheOrdinary) {
    Bitmap bitmap;
    bitmap.height = 1;
    bitmap.compression = 3;
    bitmap.masks = {0x7FF, 0x7FF << 11, 0x3FFU << 22};  // 11-11-10
    bitmap.pixels = le(2000U | 1000U << 11 | 500U << 22, 4) + le(0x7FF, 4);
    for (const int head : {40, 52, 56, 108}) {
        SCOPED_TRACE(head);
        bitmap.head_bytes = head;
        const Image image = read(bitmap);
        EXPECT_EQ(depth_, Depth::u16);
        EXPECT_NEAR(image.at(0, 0, 0), 2000.0 / 2047, 1e-6);
        EXPECT_NEAR(image.at(0, 0, 1), 1000.0 / 2047, 1e-6);
        EXPECT_NEAR(image.at(0, 0, 2), 500.0 / 1023, 1e-6);
        expect_pixel(image, 1, 0, {1, 0, 0}, 1);
    }
    bitmap.head_bytes = 40;
    bitmap.masks = {0xFF, 0xFF00, 0xFF0000};  // the other way round
    bitmap.pixels = le(0x102030, 4) + le(0, 4);
    expect_pixel(read(bitmap), 0, 0, {0x30, 0x20, 0x10});
    bitmap.head_bytes = 124;
    bitmap.masks = {0xFF000000, 0xFF0000, 0xFF00, 0xFF};
    bitmap.pixels = le(0x10203040, 4) + le(0x01020304, 4);
    expect_pixel(read(bitmap), 0, 0, {0x10, 0x20, 0x30, 0x40});
    bitmap.masks = {0xFF00FF, 0xFF00, 0, 0};
    EXPECT_NE(error_of(bitmap).find("masks with gaps"), std::string::npos);
    bitmap.masks = {0xFF, 0xFF, 0xFF00, 0};
    EXPECT_NE(error_of(bitmap).find("masks that overlap"), std::string::npos);
}

TEST_F(BmpReader, PalettesAndOrder) {
    Bitmap bitmap;
    bitmap.palette = std::string("\x01\x02\x03\0", 4) + std::string("\x0A\x14\xC8\0", 4);
    bitmap.bits = 1;
    bitmap.width = 10;
    bitmap.colours = 2;
    bitmap.pixels = std::string("\x80\x40\0\0", 4) + std::string("\x01\0\0\0", 4);
    const Image two = read(bitmap);
    expect_pixel(two, 7, 0, {200, 20, 10});
    expect_pixel(two, 0, 1, {200, 20, 10});
    expect_pixel(two, 9, 1, {200, 20, 10});
    expect_pixel(two, 1, 1, {3, 2, 1});
    bitmap.height = -2;  // from top to bottom
    expect_pixel(read(bitmap), 9, 0, {200, 20, 10});
    bitmap.height = 2;
    bitmap.head_bytes = 12;  // OS/2's: three bytes a colour
    bitmap.palette = "\x01\x02\x03\x0A\x14\xC8";
    expect_pixel(read(bitmap), 7, 0, {200, 20, 10});
    bitmap.head_bytes = 40;
    bitmap.bits = 4;
    bitmap.width = 3;
    bitmap.height = 1;
    bitmap.palette = std::string("\x01\x01\x01\0", 4) + std::string("\x64\x64\x64\0", 4);
    bitmap.pixels = std::string("\x01\x10\0\0", 4);
    expect_pixel(read(bitmap), 1, 0, {100});
    expect_pixel(read(bitmap), 2, 0, {100});
    bitmap.bits = 8;
    bitmap.pixels = std::string("\x01\0\x01\0", 4);
    expect_pixel(read(bitmap), 0, 0, {100});
}

TEST_F(BmpReader, RunLengths) {
    Bitmap bitmap;
    bitmap.bits = 8;
    bitmap.compression = 1;
    bitmap.width = 5;
    bitmap.height = 3;
    bitmap.colours = 3;
    bitmap.palette = std::string("\x01\x01\x02\0", 4) + std::string("\x00\x00\x64\0", 4) +
                     std::string("\x00\xC8\x00\0", 4);
    // Three of 1, a step by one, one of 2; three as they are; a step up and the end.
    bitmap.pixels = std::string("\3\1\0\2\1\0\1\2\0\0", 10) + std::string("\0\3\1\2\1\0\0\0", 8) +
                    std::string("\0\2\2\0\1\2\0\1", 8);
    const Image eight = read(bitmap);
    expect_pixel(eight, 2, 2, {100, 0, 0});
    expect_pixel(eight, 3, 2, {2, 1, 1});
    expect_pixel(eight, 4, 2, {0, 200, 0});
    expect_pixel(eight, 1, 1, {0, 200, 0});
    expect_pixel(eight, 2, 0, {0, 200, 0});
    bitmap.bits = 4;
    bitmap.compression = 2;
    bitmap.pixels =
        std::string("\5\x12\0\0", 4) + std::string("\0\3\x12\x10\0\0", 6) + std::string("\0\1", 2);
    const Image four = read(bitmap);
    expect_pixel(four, 0, 2, {100, 0, 0});
    expect_pixel(four, 3, 2, {0, 200, 0});
    expect_pixel(four, 4, 2, {100, 0, 0});
    expect_pixel(four, 1, 1, {0, 200, 0});
    expect_pixel(four, 2, 1, {100, 0, 0});
    bitmap.pixels = "\5";
    EXPECT_NE(error_of(bitmap).find("truncated"), std::string::npos);
}

TEST_F(BmpReader, WhatCannotBeReadIsRefused) {
    Bitmap bitmap;
    bitmap.compression = 4;  // a JPEG inside
    EXPECT_NE(error_of(bitmap).find("not supported"), std::string::npos);
    bitmap.compression = 0;
    bitmap.pixels = "xx";
    EXPECT_NE(error_of(bitmap).find("truncated"), std::string::npos);
    bitmap.head_bytes = 41;
    EXPECT_NE(error_of(bitmap).find("not an image"), std::string::npos);
}

}  // namespace
}  // namespace sisr::test
