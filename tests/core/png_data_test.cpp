#include "files/png_data.h"
#include "support/temp_dir.h"

#include <sisr/image_file.h>

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>

#include <zlib.h>

namespace sisr::test {
namespace {

/// The head of a PNG that is not interlaced, by zlib's check sum.
std::string head(int width, int height, int depth, int colour_type) {
    const auto big32 = [](std::uint32_t value) {
        std::string bytes;
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
        return bytes;
    };
    std::string chunk = "IHDR" + big32(width) + big32(height) + static_cast<char>(depth) +
                        static_cast<char>(colour_type) + std::string(3, '\0');
    const auto sum =
        ::crc32(0, reinterpret_cast<const Bytef*>(chunk.data()), static_cast<uInt>(chunk.size()));
    return "\x89PNG\r\n\x1a\n" + big32(13) + chunk + big32(static_cast<std::uint32_t>(sum));
}

enum class Content { flat, smooth, noise };

std::vector<std::uint8_t> content(std::size_t bytes, Content kind) {
    std::mt19937 random(1);
    std::vector<std::uint8_t> result(bytes);
    for (std::size_t i = 0; i < bytes; ++i) {
        result[i] = kind == Content::flat     ? 77
                    : kind == Content::smooth ? static_cast<std::uint8_t>(i / 7 + random() % 3)
                                              : static_cast<std::uint8_t>(random());
    }
    return result;
}

struct Form {
    int colour_type, channels, depth;
};

TEST(PngData, AnotherDecoderReadsWhatWasWritten) {
    const TempDir folder;
    for (const Form& form : {Form{0, 1, 8}, {4, 2, 8}, {2, 3, 8}, {6, 4, 8}, {2, 3, 16}}) {
        for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {700, 500}}) {
            for (const Content kind : {Content::flat, Content::smooth, Content::noise}) {
                const std::size_t pixel = form.channels * form.depth / 8;
                const auto rows = content(pixel * width * height, kind);
                const auto path = folder / "a.png";
                {
                    std::ofstream file(path, std::ios::binary);
                    file << head(width, height, form.depth, form.colour_type);
                    PngData data(pixel * width, pixel, [&](const void* bytes, std::size_t count) {
                        file.write(static_cast<const char*>(bytes),
                                   static_cast<std::streamsize>(count));
                    });
                    // In parts that are none of the chunks'.
                    for (int y = 0; y < height; y += 3) {
                        data.write_rows(&rows[y * pixel * width], std::min(3, height - y));
                    }
                    data.finish();
                }
                ASSERT_EQ(look_at_file(path), FileState::whole);
                const Image image = read_image(path);
                ASSERT_EQ(image.width(), width);
                ASSERT_EQ(image.height(), height);
                const std::size_t samples = image.samples().size();
                ASSERT_EQ(samples * form.depth / 8, rows.size());
                for (std::size_t i = 0; i < samples; ++i) {
                    const int expected =
                        form.depth == 8 ? rows[i] : rows[2 * i] << 8 | rows[2 * i + 1];
                    const float most = form.depth == 8 ? 255 : 65535;
                    ASSERT_EQ(std::lround(image.samples()[i] * most), expected)
                        << form.channels << " " << form.depth << " " << width << " sample " << i;
                }
            }
        }
    }
}

}  // namespace
}  // namespace sisr::test
