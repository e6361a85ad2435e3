#include "parity.h"

#include "architectures/shape_reader.h"
#include "core/nn/program_gradient.h"
#include "engine/device.h"
#include "nn/program_network.h"
#include "support/python.h"

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

/// Sums of some thousand products in another order.
constexpr double kFloatError = 1e-4;

/// What softmax makes of that where scores are multiplied by up to 100 (cosine attention).
constexpr double kAttentionError = 5e-4;

class ArchitectureParity : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        SISR_SKIP_WITHOUT_PYTHON("torch");
        cases_ = make_cases(folder_.path(), GetParam(), 1);
    }

    TempDir folder_;
    std::vector<ParityCase> cases_;
};

torch::Tensor by_reference(const nn::Program& program, const torch::Tensor& input) {
    const torch::NoGradGuard no_grad;
    return nn::run_reference(program, input);
}

torch::Tensor by_reference_in_bf16(const nn::Program& program, const torch::Tensor& input) {
    return by_reference(nn::moved(program, torch::kCPU, torch::kBFloat16), input);
}

/// As the engine runs it: local programs in strips.
torch::Tensor by_engine(const nn::Program& program, const torch::Tensor& input) {
    return nn::make_program_network(program, torch::kCPU, torch::kFloat32)->forward(input);
}

torch::Tensor by_engine_in_bf16(const nn::Program& program, const torch::Tensor& input) {
    return nn::make_program_network(program, torch::kCPU, torch::kBFloat16)->forward(input);
}

TEST_P(ArchitectureParity, ComputesWhatPythonDoesFromEveryFile) {
    for (const ParityCase& item : cases_) {
        SCOPED_TRACE(item.name);
        for (const char* file : {"new.pth", "old.pth", "model.safetensors"}) {
            const Built built = build_case(item, read_model(item.folder / file));
            if (built.program.layers.empty()) continue;
            EXPECT_EQ(nn::scale(built.program), item.spec.scale);
            EXPECT_EQ(nn::is_local(built.program), item.spec.exactness == Exactness::exact);
            for (const RunProgram& run : {RunProgram(by_reference), RunProgram(by_engine)}) {
                const auto errors = parity_errors(item, built.program, run);
                const bool attends = built.program.windows.overlap > 0;
                EXPECT_LT(errors.max().item<double>(), attends ? kAttentionError : kFloatError)
                    << file;
            }
        }
    }
}

TEST_P(ArchitectureParity, IsNearInBf16WhereItSaysSo) {
    if (!processor_computes_bf16()) GTEST_SKIP() << "this processor does not compute in bf16";
    for (const ParityCase& item : cases_) {
        SCOPED_TRACE(item.name);
        const Tensors tensors = read_model(item.folder / "model.safetensors");
        const auto found = find_architecture(shapes_of(tensors), item.given);
        if (!found || !found->spec.is_bf16_safe) continue;
        const Built built = found->architecture->build(tensors, item.given);
        // Python's own bf16 is up to 2.4 of 255 away for single values, of weights at random.
        for (const RunProgram& run :
             {RunProgram(by_reference_in_bf16), RunProgram(by_engine_in_bf16)}) {
            const auto errors = parity_errors(item, built.program, run);
            EXPECT_LT(errors.quantile(0.99).item<double>(), 2.0 / 255);
            EXPECT_LT(errors.mean().item<double>(), 1.0 / 255);
        }
    }
}

TEST_P(ArchitectureParity, RadiusIsWhatAPixelReaches) {
    for (const ParityCase& item : cases_) {
        // Of 8 times and more the gradients take gigabytes, and no new kind of layer is there.
        if (item.spec.exactness != Exactness::exact || item.spec.scale > 4) continue;
        SCOPED_TRACE(item.name);
        const Built built = build_case(item, read_model(item.folder / "model.safetensors"));
        EXPECT_EQ(measured_radius(built.program), nn::radius(built.program));
    }
}

INSTANTIATE_TEST_SUITE_P(Families, ArchitectureParity,
                         ::testing::Values("esrgan", "compact", "span", "plksr", "mosr", "residual",
                                           "swinir", "omnisr", "hat", "dat", "rgt", "realcugan",
                                           "atd", "safmn", "srformer", "drct", "swin2sr"),
                         [](const auto& family) { return std::string(family.param); });

}  // namespace
}  // namespace sisr::test
