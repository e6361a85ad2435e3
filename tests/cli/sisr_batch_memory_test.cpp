#include "sisr_batch_fixture.h"

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// The peak must depend on the budget, not on the picture.
class SisrBatchMemory : public SisrBatch {
protected:
    /// Megabytes that the command held at most.
    double peak_of(const std::string& input, const std::string& output) {
        CommandOptions options;
        options.environment = {{"SISR_MODEL_PATH", path("models")}};
        const CommandResult result =
            run_command(command(with_model({path(input), "-o", path(output), "-q", "--memory", "64",
                                            "--tile", "auto"})),
                        options);
        EXPECT_EQ(result.exit_code, 0) << input;
        return result.peak_megabytes;
    }
};

TEST_F(SisrBatchMemory, DoesNotGrowWithTheHeight) {
    for (const char* extension : {"png", "jpg", "tif"}) {
        const std::string name = extension;
        make_image("in/low." + name, 1000, 1500);
        make_image("in/high." + name, 1000, 15000);
        const double low = peak_of("in/low." + name, "out/low." + name);
        const double high = peak_of("in/high." + name, "out/high." + name);
        // Held whole the high one's result alone would be 54 MB at 8 bits, and 216 as floats.
        EXPECT_LT(high, low + 45) << name << ": " << low << " MB, " << high << " MB";
    }
}

}  // namespace
}  // namespace sisr::test
