#include "core/nn/programs.h"

#include "nn/program_facts.h"
#include "nn/run_reference.h"
#include "nn/strips/run_strips.h"
#include "nn/strips/strip_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace sisr::test {
namespace {

using nn::Activation;
using nn::Enlarge;
using nn::Program;
using nn::ProgramBuilder;
using nn::StripNetwork;
using nn::Value;

// Of the result's range, in float32: sums in another order through a few dozen layers.
constexpr double kRounding = 1e-5;

// A bf16 has 8 bits; of an 8-bit picture's 255 values.
constexpr double kTwoOf255 = 2.0 / 255;

/// One of everything.
Program mixture() {
    const Tensors none;
    ProgramBuilder builder(none, 3);
    const auto factors = torch::tensor({0.9F, 1.1F, 1.2F});
    const Value shifted = builder.affine(0, factors, torch::tensor({0.1F, -0.1F, 0.0F}));
    const Value wide = convolve(builder, shifted, 24, 5);
    const Value deep = builder.activate(convolve(builder, wide, 24, 3, 24), Activation::silu);
    const Value dilated = convolve(builder, builder.slice(deep, 4, 16), 16, 3, 1, 2);
    const Value all = builder.concat({dilated, deep, builder.slice(deep, 0, 8)});
    const Value gate = builder.activate(convolve(builder, all, 48, 1), Activation::sigmoid);
    Value value = builder.sum(builder.product(all, gate), all, 0.5, -1);
    value = builder.pixel_shuffle(convolve(builder, value, 48), 2);
    value = builder.activate(convolve(builder, value, 12), Activation::gelu);
    const Value enlarged = builder.enlarge(0, 2, Enlarge::Kind::bilinear);
    return builder.finish(builder.sum(convolve(builder, value, 3, 7), enlarged));
}

/// Sums whose terms are all convolutions: each can be taken along by one of them.
Program branches() {
    const Tensors none;
    ProgramBuilder builder(none, 3);
    const Value head = convolve(builder, 0, 16);
    const Value tall = convolve(builder, head, 16, 5);
    const Value broad = convolve(builder, head, 16);
    const Value sum = builder.sum(builder.sum(tall, broad), convolve(builder, head, 16, 1), 2, 3);
    return builder.finish(convolve(builder, builder.sum(sum, sum), 3));
}

torch::Tensor whole(const Program& program, const torch::Tensor& input) {
    const auto result = nn::run_reference(program, input.permute({2, 0, 1}).unsqueeze(0));
    return result.squeeze(0).permute({1, 2, 0});
}

void expect_strips_equal_whole(const Program& program, std::int64_t height, std::int64_t width) {
    const torch::InferenceMode inference;
    const auto input = torch::rand({height, width, 3});
    const auto expected = whole(program, input);
    const double range = (expected.max() - expected.min()).item<double>();
    for (const auto precision : {torch::kFloat32, torch::kBFloat16}) {
        const StripNetwork network(program, precision);
        const double tolerance = precision == torch::kFloat32 ? kRounding : kTwoOf255;
        for (const std::int64_t rows : {0, 4, 8, 12, 1000}) {
            const auto found = torch::full(expected.sizes(), NAN);
            network.run(
                input, found, [](double) {}, rows);
            EXPECT_LT((found - expected).abs().max().item<double>() / range, tolerance)
                << height << "x" << width << ", strips of " << rows << ", " << precision;
        }
    }
}

TEST(Strips, EqualTheWhole) {
    torch::manual_seed(1);
    expect_strips_equal_whole(chain(64, 6, 4), 37, 53);
    expect_strips_equal_whole(chain(48, 3, 2), 40, 19);
    expect_strips_equal_whole(chain(10, 3, 3), 9, 7);
    expect_strips_equal_whole(chain(16, 2, 1), 1, 1);
    expect_strips_equal_whole(mixture(), 41, 30);
    expect_strips_equal_whole(branches(), 31, 22);
    expect_strips_equal_whole(dense(64, 2, 32, false), 50, 41);
    expect_strips_equal_whole(dense(32, 1, 16, true), 50, 42);
    expect_strips_equal_whole(dense(24, 1, 12, true), 26, 38);
}

/// ESRGAN as it is published: 23 blocks, several strips of an odd size.
TEST(Strips, OfEsrganEqualTheWhole) {
    torch::manual_seed(5);
    const torch::InferenceMode inference;
    const Program program = dense(64, 23, 32, false);
    const auto input = torch::rand({203, 317, 3});
    const auto expected = whole(program, input);
    const double range = (expected.max() - expected.min()).item<double>();
    const auto found = torch::full(expected.sizes(), NAN);
    const StripNetwork network(program, torch::kFloat32);
    network.run(
        input, found, [](double) {}, 24);
    EXPECT_LT((found - expected).abs().max().item<double>() / range, 1e-4);
}

TEST(Strips, ComputeNoRowTwice) {
    torch::manual_seed(2);
    const Program program = dense(16, 3, 8, false);
    const nn::StripPlan plan = nn::plan_strips(program, torch::kBFloat16);
    constexpr std::int64_t kHeight = 203;
    nn::StripSchedule schedule(program, plan, kHeight);
    std::vector<std::int64_t> made(plan.steps.size(), 0);
    for (std::int64_t end = 8; !schedule.is_done(); end += 8) {
        schedule.begin_strip(end);
        for (std::size_t i = 0; i < plan.steps.size(); ++i) {
            const nn::Span rows = schedule.advance(plan.steps[i]);
            EXPECT_EQ(rows.begin, made[i]) << "step " << i;
            made[i] = rows.end;
        }
        schedule.end_strip();
    }
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        EXPECT_EQ(made[i], schedule.height_of(plan.steps[i].result)) << "step " << i;
    }
}

TEST(Strips, TellHowFarTheyAreAndEndWhenAsked) {
    torch::manual_seed(3);
    const StripNetwork network(chain(16, 4, 2), torch::kFloat32);
    const auto input = torch::rand({64, 16, 3});
    const auto output = torch::empty({128, 32, 3});
    double last = 0;
    int times = 0;
    const auto on_share = [&](double share) {
        EXPECT_GE(share, last);
        last = share;
        ++times;
    };
    network.run(input, output, on_share, 8);
    EXPECT_EQ(last, 1);
    EXPECT_GT(times, 20);
    const auto ends = [](double share) {
        if (share > 0.5) throw std::runtime_error("enough");
    };
    EXPECT_THROW(network.run(input, output, ends, 8), std::runtime_error);
}

/// What is kept of ESRGAN's 69 dense blocks: some 0.3 MB for a column in bf16, whatever the height.
TEST(Strips, MemoryGrowsWithTheWidthAlone) {
    torch::manual_seed(4);
    const Program program = dense(64, 23, 32, false);
    const auto bytes = [&program](std::int64_t height, std::int64_t width) {
        return static_cast<double>(StripNetwork::bytes(program, torch::kBFloat16, height, width));
    };
    EXPECT_LT(bytes(1000, 1000), 0.36e9);
    EXPECT_NEAR(bytes(4000, 1000) / bytes(1000, 1000), 1, 0.02);
    EXPECT_NEAR(bytes(1000, 2000) / bytes(1000, 1000), 2, 0.1);
}

}  // namespace
}  // namespace sisr::test
