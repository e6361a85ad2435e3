/// Files of other programs' making, and what must come out of them.
#pragma once

#include "images.h"
#include "temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace sisr::test {

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

}  // namespace sisr::test
