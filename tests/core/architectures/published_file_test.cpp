#include "parity.h"

#include "architectures/shape_reader.h"
#include "formats/safetensors.h"
#include "nn/program_facts.h"
#include "nn/run_reference.h"
#include "support/python.h"
#include "support/shared_data.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

/// The reference network of the parity tests, with a file's own weights, on a picture of noise and
/// edges.
constexpr const char* kScript = R"(
import sys, torch
sys.path.insert(0, sys.argv[1])
import compact, network
state = torch.load(sys.argv[2], map_location='cpu')
net = network.Net(1)
net.weights.update(state['params'])
torch.manual_seed(1)
x = torch.rand(1, 3, 24, 40)
x[:, :, 8:, 12:] = 0.2 * x[:, :, 8:, 12:] + 0.6
with torch.no_grad():
    y = compact.network(64, 32, 4, 3)(net, x)
network.write_safetensors(sys.argv[3], {'input': x, 'expected': y.contiguous()}, {})
)";

TEST(SharedDataPublished, RealEsrgansCompactFileComputesWhatPythonDoes) {
    SISR_SKIP_WITHOUT_PYTHON("torch");
    const auto file = shared_data() / "models/realesr-general-x4v3.pth";
    SISR_SKIP_WITHOUT(file);
    const TempDir folder;
    const auto reference =
        std::filesystem::path(SISR_SOURCE_DIR) / "tests/core/architectures/reference";
    const auto made = folder / "expected.safetensors";
    const CommandResult result = run_command(
        {python(), "-B", "-c", kScript, reference.string(), file.string(), made.string()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Tensors truth = read_safetensors(made).tensors;

    const Tensors tensors = read_model(file);
    const auto found = find_architecture(shapes_of(tensors), {});
    ASSERT_TRUE(found);
    EXPECT_STREQ(found->architecture->id, "compact");
    EXPECT_EQ(found->spec.scale, 4);
    EXPECT_EQ(found->spec.words, "32 layers of 64 channels");
    const Built built = found->architecture->build(tensors, {});
    EXPECT_TRUE(built.unused.empty());
    // By hand: 33 layers of 64 slopes, 1,792 + 32 * 36,928 + 27,696 weights and biases.
    EXPECT_EQ(nn::parameters(built.program), 1213296U);
    EXPECT_EQ(nn::radius(built.program), 34);
    const torch::NoGradGuard no_grad;
    const auto output = nn::run_reference(built.program, truth.at("input"));
    const auto difference = (output - truth.at("expected")).abs().max().item<double>();
    EXPECT_LT(difference, 1e-4);
}

}  // namespace
}  // namespace sisr::test
