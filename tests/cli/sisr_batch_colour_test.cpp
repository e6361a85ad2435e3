#include "sisr_batch_fixture.h"
#include "support/shared_data.h"

#include <algorithm>
#include <cmath>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

constexpr int kBlock = 16;  // pixels of the input
constexpr double kLockedDrift = 1.0 / 255;
// Models that were trained on pixels alone do not lock; the worst block measured is 1.44 levels
// off.
constexpr double kFreeDrift = 2.0 / 255;

/// Whether a model file says that colours are to be locked.
bool locks_colour(const fs::path& model) {
    return read_bytes(model).find("\"sisr.colour_lock\"") != std::string::npos;
}

/// Mean of a channel over a rectangle.
double mean_of(const Image& image, int x0, int y0, int x1, int y1, int channel) {
    double sum = 0;
    for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) sum += image.at(x, y, channel);
    }
    return sum / (static_cast<double>(x1 - x0) * (y1 - y0));
}

/// Largest difference of the mean colours of whole blocks of the input and their places in the
/// result.
double block_drift(const Image& input, const Image& result) {
    const int scale = result.width() / input.width();
    double largest = 0;
    for (int y = 0; y + kBlock <= input.height(); y += kBlock) {
        for (int x = 0; x + kBlock <= input.width(); x += kBlock) {
            for (int c = 0; c < input.channels(); ++c) {
                const double before = mean_of(input, x, y, x + kBlock, y + kBlock, c);
                const double after = mean_of(result, scale * x, scale * y, scale * (x + kBlock),
                                             scale * (y + kBlock), c);
                largest = std::max(largest, std::fabs(after - before));
            }
        }
    }
    return largest;
}

class SharedDataColour : public SisrBatch {
protected:
    /// Without an environment of its own: the shipped models.
    void expect_colours_kept(const std::string& set) {
        const fs::path images = shared_data() / "testsets" / set / "x4/LR";
        for (const auto& entry :
             fs::directory_iterator(fs::path(SISR_SOURCE_DIR) / "core/weights")) {
            if (entry.path().extension() != ".safetensors") continue;
            const std::string out = path(entry.path().stem().string());
            const CommandResult result = run_plain(
                {images.string(), "-o", out, "-q", "--depth", "16", "-m", entry.path().string()});
            ASSERT_EQ(result.exit_code, 0) << result.err;
            const double bound = locks_colour(entry.path()) ? kLockedDrift : kFreeDrift;
            double largest = 0;
            for (const auto& image : fs::directory_iterator(images)) {
                const double drift = block_drift(
                    read_image(image.path()), read_image(fs::path(out) / image.path().filename()));
                EXPECT_LE(drift, bound) << entry.path().stem() << " " << image.path().filename();
                largest = std::max(largest, drift);
            }
            std::printf("%s, %s: at most %.2f levels of 255\n", entry.path().stem().c_str(),
                        set.c_str(), 255 * largest);
        }
    }
};

TEST_F(SharedDataColour, OfBlocksStayOnSet5) {
    SISR_SKIP_WITHOUT(shared_data() / "testsets/Set5/x4/LR");
    expect_colours_kept("Set5");
}

TEST_F(SharedDataColour, OfBlocksStayOnSet14) {
    SISR_SKIP_WITHOUT(shared_data() / "testsets/Set14/x4/LR");
    expect_colours_kept("Set14");
}

}  // namespace
}  // namespace sisr::test
