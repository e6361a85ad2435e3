#include "nn/conv/winograd/winograd.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sisr::winograd {

extern const Kernels kWide;

namespace {

// The largest of a hundred thousand, of values of about 1: the transformations cancel sums some ten
// times as large.
constexpr double kRounding = 6e-5;

struct Case {
    std::int64_t inputs, outputs, height, width;
    bool pads_rows;
};

/// libtorch's own, in double. input [N,h,w,C] to [N,h,w,O] or [N,h-2,w,O].
torch::Tensor direct(const torch::Tensor& input, const torch::Tensor& weight,
                     const torch::Tensor& bias, bool pads_rows) {
    const auto planes = input.permute({0, 3, 1, 2}).to(torch::kFloat64);
    return torch::conv2d(planes, weight.to(torch::kFloat64), bias.to(torch::kFloat64), 1,
                         {pads_rows ? 1 : 0, 1})
        .permute({0, 2, 3, 1});
}

void expect_direct_sums(const Case& c, Then then, const Kernels& kernels) {
    torch::manual_seed(1);
    const auto input = torch::randn({2, c.height, c.width, c.inputs});
    const auto scale = 1 / std::sqrt(9.0 * static_cast<double>(c.inputs));
    const auto weight = scale * torch::randn({c.outputs, c.inputs, 3, 3});
    const auto bias = torch::randn({c.outputs});
    ASSERT_TRUE(Convolution::suits(weight, &kernels));

    auto expected = direct(input, weight, bias, c.pads_rows);
    auto output = torch::randn(expected.sizes());
    if (then == Then::add) expected = expected + output;
    if (then == Then::relu) expected = expected.relu();
    Convolution(weight, bias, then, kernels).run(input, output);
    EXPECT_LT((output - expected).abs().max().item<double>(), kRounding)
        << c.inputs << " to " << c.outputs << " channels, " << c.height << "x" << c.width;
}

void expect_all(const Kernels& kernels) {
    const Case cases[] = {{48, 48, 32, 32, true}, {48, 48, 13, 22, false}, {64, 64, 9, 35, false},
                          {32, 48, 5, 3, true},   {48, 16, 1, 1, true},    {16, 64, 3, 50, false},
                          {64, 32, 40, 17, true}, {80, 80, 6, 6, false},   {48, 48, 4, 1, true}};
    for (const Case& c : cases) {
        for (const Then then : {Then::nothing, Then::relu, Then::add}) {
            expect_direct_sums(c, then, kernels);
        }
    }
}

TEST(Winograd, IsTheDirectSum) {
    if (kernels() == nullptr) GTEST_SKIP() << "this processor has neither AVX2 nor AVX-512";
    expect_all(*kernels());
}

TEST(Winograd, WithWideVectorsToo) { expect_all(kWide); }

TEST(Winograd, TakesWhatFillsVectors) {
    const auto weight = [](std::int64_t outputs, std::int64_t inputs, std::int64_t kernel) {
        return torch::zeros({outputs, inputs, kernel, kernel});
    };
    EXPECT_TRUE(Convolution::suits(weight(48, 48, 3), &kWide));
    EXPECT_FALSE(Convolution::suits(weight(48, 3, 3), &kWide));
    EXPECT_FALSE(Convolution::suits(weight(12, 48, 3), &kWide));
    EXPECT_FALSE(Convolution::suits(weight(48, 48, 5), &kWide));
    EXPECT_FALSE(Convolution::suits(weight(48, 48, 3), nullptr));
}

TEST(Winograd, NanStaysNan) {
    const auto weight = torch::ones({48, 48, 3, 3});
    const auto input = torch::ones({1, 8, 8, 48});
    input[0][3][3][7] = std::nanf("");
    for (const Then then : {Then::nothing, Then::relu, Then::add}) {
        const auto output = torch::zeros({1, 8, 8, 48});
        Convolution(weight, torch::zeros({48}), then, kWide).run(input, output);
        EXPECT_TRUE(output[0][3][3].isnan().all().item<bool>());
    }
}

}  // namespace
}  // namespace sisr::winograd
