#include "nn/conv/convolve.h"

#include "nn/conv/winograd/winograd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace sisr {

namespace winograd {
extern const Kernels kWide;
}

namespace {

// Of results of about 1, as in winograd_test.cpp; a gradient by the weight sums over all pixels.
constexpr double kRounding = 6e-5;

struct Case {
    std::int64_t inputs, outputs, pictures, height, width;
    bool has_bias;
};

constexpr Case kCases[] = {{48, 48, 3, 16, 24, true},
                           {64, 64, 2, 9, 11, true},
                           {16, 48, 5, 4, 3, false},
                           {32, 16, 1, 30, 50, true},
                           {80, 32, 2, 1, 1, true}};

torch::nn::Conv2d make_layer(const Case& c) {
    torch::nn::Conv2d layer(
        torch::nn::Conv2dOptions(c.inputs, c.outputs, 3).padding(1).bias(c.has_bias));
    layer->weight.set_data(layer->weight.contiguous(torch::MemoryFormat::ChannelsLast));
    return layer;
}

torch::Tensor make_input(const Case& c) {
    return torch::randn({c.pictures, c.inputs, c.height, c.width})
        .contiguous(torch::MemoryFormat::ChannelsLast)
        .requires_grad_();
}

bool used_our_loops(const torch::Tensor& result) {
    return result.grad_fn()->name().find("Winograd") != std::string::npos;
}

/// The largest difference, as a part of the largest value or of 1.
double difference(const torch::Tensor& found, const torch::Tensor& expected) {
    const double largest = expected.abs().max().item<double>();
    return (found - expected).abs().max().item<double>() / std::max(largest, 1.0);
}

class Convolve : public testing::Test {
protected:
    void SetUp() override {
        if (winograd::kernels() == nullptr) {
            GTEST_SKIP() << "this processor has neither AVX2 nor AVX-512";
        }
        torch::manual_seed(1);
    }
};

TEST_F(Convolve, GivesTheValuesAndGradientsOfLibtorch) {
    for (const Case& c : kCases) {
        auto layer = make_layer(c);
        const auto input = make_input(c);
        const auto result = convolve(input, layer->weight, layer->bias);
        ASSERT_TRUE(used_our_loops(result));
        const auto towards = torch::randn(result.sizes());
        (result * towards).sum().backward();

        torch::nn::Conv2d exact = make_layer(c);
        exact->weight.set_data(layer->weight.detach().clone());
        if (c.has_bias) exact->bias.set_data(layer->bias.detach().clone());
        exact->to(torch::kFloat64);
        const auto exact_input = input.detach().to(torch::kFloat64).requires_grad_();
        const auto expected = exact(exact_input);
        (expected * towards).sum().backward();

        EXPECT_LT(difference(result, expected), kRounding);
        EXPECT_LT(difference(input.grad(), exact_input.grad()), kRounding);
        EXPECT_LT(difference(layer->weight.grad(), exact->weight.grad()), kRounding);
        if (c.has_bias) {
            EXPECT_LT(difference(layer->bias.grad(), exact->bias.grad()), kRounding);
        }
    }
}

TEST_F(Convolve, AWideKernelWithFewOutputsToo) {
    for (const bool has_bias : {true, false}) {
        const auto input = make_input({24, 3, 2, 11, 7, has_bias});
        auto weight = torch::randn({3, 24, 9, 9}).requires_grad_();
        const auto bias = has_bias ? torch::randn({3}) : torch::Tensor();
        const auto result = convolve(input, weight, bias, 1, 4);
        EXPECT_EQ(result.grad_fn()->name(), "AddBackward0") << "not a sum of rows";
        const auto towards = torch::randn(result.sizes());
        (result * towards).sum().backward();

        const auto in_double = [](const torch::Tensor& tensor) {
            return tensor.detach().to(torch::kFloat64).requires_grad_();
        };
        const auto exact_input = in_double(input);
        const auto exact_weight = in_double(weight);
        const auto expected = torch::conv2d(exact_input, exact_weight,
                                            has_bias ? in_double(bias) : torch::Tensor(), 1, 4);
        (expected * towards).sum().backward();
        EXPECT_LT(difference(result, expected), kRounding);
        EXPECT_LT(difference(input.grad(), exact_input.grad()), kRounding);
        EXPECT_LT(difference(weight.grad(), exact_weight.grad()), kRounding);
    }
}

TEST_F(Convolve, TheSameTwiceAndWithManyThreads) {
    const Case c{48, 48, 7, 21, 21, true};
    auto layer = make_layer(c);
    const auto input = make_input(c);
    const auto gradient = [&] {
        layer->zero_grad();
        convolve(input, layer->weight, layer->bias).square().sum().backward();
        return layer->weight.grad().clone();
    };
    const auto once = gradient();
    EXPECT_TRUE(torch::equal(once, gradient()));
    const int threads = torch::get_num_threads();
    torch::set_num_threads(1);
    const auto alone = gradient();
    torch::set_num_threads(threads);
    EXPECT_LT(difference(alone, once), kRounding);
}

TEST_F(Convolve, LeavesToLibtorchWhatDoesNotSuit) {
    const auto expect_libtorchs = [](const torch::Tensor& input, const torch::Tensor& weight,
                                     std::int64_t stride, std::int64_t padding) {
        const auto result = convolve(input, weight, {}, stride, padding);
        EXPECT_FALSE(used_our_loops(result));
        EXPECT_TRUE(torch::equal(result, torch::conv2d(input, weight, {}, stride, padding)));
    };
    const auto input = make_input({48, 48, 1, 8, 8, true});
    const auto weight = torch::randn({48, 48, 3, 3});
    expect_libtorchs(input, torch::randn({12, 48, 3, 3}), 1, 1);
    expect_libtorchs(input, torch::randn({48, 48, 5, 5}), 1, 2);
    expect_libtorchs(input, torch::randn({3, 48, 7, 7}), 1, 0);
    expect_libtorchs(input, torch::randn({8, 48, 9, 9}), 1, 4);
    expect_libtorchs(input, torch::randn({48, 48, 1, 1}), 1, 0);
    expect_libtorchs(input, weight, 1, 0);
    expect_libtorchs(input, weight, 2, 1);
    const auto planes = input.detach().contiguous().requires_grad_();  // not interleaved
    expect_libtorchs(planes, weight, 1, 1);
    const auto in_double = [](const torch::Tensor& tensor) {
        return tensor.detach().to(torch::kFloat64).requires_grad_();
    };
    expect_libtorchs(in_double(input), in_double(weight), 1, 1);
}

TEST(WinogradGradient, WithWideVectorsToo) {
    torch::manual_seed(1);
    for (const Case& c : kCases) {
        const auto input = torch::randn({c.pictures, c.height, c.width, c.inputs});
        const auto gradient = torch::randn({c.pictures, c.height, c.width, c.outputs});
        const auto found = winograd::weight_gradient(input, gradient, winograd::kWide);

        const auto weight = torch::zeros({c.outputs, c.inputs, 3, 3}, torch::kFloat64);
        weight.requires_grad_();
        const auto planes = [](const torch::Tensor& tensor) {
            return tensor.permute({0, 3, 1, 2}).to(torch::kFloat64);
        };
        const auto result = torch::conv2d(planes(input), weight, {}, 1, 1);
        (result * planes(gradient)).sum().backward();
        EXPECT_LT(difference(found, weight.grad()), kRounding);
    }
}

}  // namespace
}  // namespace sisr
