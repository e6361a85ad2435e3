#include "sisr_batch_fixture.h"

#include <sys/resource.h>
#include <sys/wait.h>

namespace sisr::test {
namespace {

namespace fs = std::filesystem;

/// The peak must depend on the budget, not on the picture.
class SisrBatchMemory : public SisrBatch {
protected:
    /// Megabytes that the command held at most.
    double peak_of(const std::string& input, const std::string& output) {
        const auto words = command(with_model(
            {path(input), "-o", path(output), "-q", "--memory", "64", "--tile", "auto"}));
        std::vector<char*> arguments;
        for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            ::setenv("SISR_MODEL_PATH", path("models").c_str(), 1);
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
        int status = 0;
        rusage usage{};
        EXPECT_EQ(::wait4(child, &status, 0, &usage), child);
        EXPECT_EQ(status, 0) << input;
        return static_cast<double>(usage.ru_maxrss) / 1024;
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
