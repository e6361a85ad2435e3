#include "optimise/muon.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

namespace sisr::training {
namespace {

torch::Tensor random_kernel(std::int64_t outputs, std::int64_t inputs, std::int64_t size) {
    auto kernel = torch::randn({outputs, inputs, size, size}, torch::requires_grad());
    kernel.mutable_grad() = torch::randn_like(kernel);
    return kernel;
}

double root_mean_square(const torch::Tensor& tensor) {
    return tensor.square().mean().sqrt().item<double>();
}

class MuonTest : public testing::Test {
protected:
    void SetUp() override { torch::manual_seed(1); }
};

TEST_F(MuonTest, OrthogonalisedKeepsTheSingularVectors) {
    // Singular values over a range of 100, as those of gradients are.
    const auto [left, unused, right] = torch::linalg_svd(torch::randn({24, 200}), false);
    const auto values = torch::logspace(0, -2, 24);
    const auto matrix = left.mm(values.diag()).mm(right);

    const auto result = orthogonalised(matrix * 1e-6);
    const auto seen = left.t().mm(result).mm(right.t());
    const auto diagonal = seen.diagonal();
    EXPECT_GT(diagonal.min().item<double>(), 0.6);
    EXPECT_LT(diagonal.max().item<double>(), 1.3);
    // The iteration is a polynomial in the matrix, so that only rounding mixes the vectors.
    EXPECT_LT((seen - diagonal.diag()).abs().max().item<double>(), 1e-3);
}

TEST_F(MuonTest, OrthogonalisedOfNothingIsNothing) {
    EXPECT_EQ(orthogonalised(torch::zeros({4, 9})).abs().max().item<double>(), 0);
}

TEST_F(MuonTest, SuitsKernelsWithinANetwork) {
    EXPECT_TRUE(Muon::suits(torch::zeros({8, 8, 3, 3})));
    EXPECT_FALSE(Muon::suits(torch::zeros({8, 3, 3, 3}))) << "reads a picture";
    EXPECT_FALSE(Muon::suits(torch::zeros({8, 8, 1, 1})));
    EXPECT_FALSE(Muon::suits(torch::zeros({8}))) << "a bias";
}

TEST_F(MuonTest, StepsByTheRateDownTheGradient) {
    for (const auto& [outputs, inputs] : {std::pair{16, 16}, {8, 32}, {144, 4}}) {
        auto kernel = random_kernel(outputs, inputs, 3);
        const auto before = kernel.detach().clone();
        const auto gradient = kernel.grad().clone();
        Muon muon({kernel});
        muon.step(0.01);
        const auto moved = kernel.detach() - before;
        EXPECT_NEAR(root_mean_square(moved), 0.01 * 0.4, 0.01 * 0.1) << outputs << "x" << inputs;
        EXPECT_LT((moved * gradient).sum().item<double>(), 0);
    }
}

TEST_F(MuonTest, TheLayoutInMemoryChangesNothing) {
    auto plain = random_kernel(8, 8, 3);
    auto last = plain.detach().contiguous(torch::MemoryFormat::ChannelsLast).requires_grad_();
    last.mutable_grad() = plain.grad().contiguous(torch::MemoryFormat::ChannelsLast);
    Muon({plain}).step(0.1);
    Muon({last}).step(0.1);
    EXPECT_TRUE(torch::allclose(plain, last, 0, 1e-6));
}

TEST_F(MuonTest, WithoutAGradientNothingMoves) {
    auto kernel = random_kernel(8, 8, 3);
    const auto before = kernel.detach().clone();
    kernel.mutable_grad() = torch::Tensor();
    Muon({kernel}).step(0.1);
    EXPECT_TRUE(torch::equal(kernel, before));
}

TEST_F(MuonTest, GoesOnFromItsMomenta) {
    auto kernel = random_kernel(8, 8, 3);
    Muon muon({kernel});
    muon.step(0.1);
    auto copy = kernel.detach().clone().requires_grad_();
    copy.mutable_grad() = kernel.grad().clone();
    Muon resumed({copy});
    resumed.restore({{"0", muon.momenta().at("0").clone()}});
    muon.step(0.1);
    resumed.step(0.1);
    EXPECT_TRUE(torch::equal(kernel, copy));

    EXPECT_THROW(resumed.restore({}), Error);
    EXPECT_THROW(resumed.restore({{"0", torch::zeros({4, 8, 3, 3})}}), Error);
}

}  // namespace
}  // namespace sisr::training
