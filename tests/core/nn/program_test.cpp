#include "program_gradient.h"

#include "nn/program_builder.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

#include <functional>

namespace sisr::test {
namespace {

using nn::Activation;
using nn::Program;
using nn::ProgramBuilder;
using nn::Span;
using nn::Value;

bool operator==(Span a, Span b) { return a.begin == b.begin && a.end == b.end; }

Tensors some_tensors() {
    torch::manual_seed(1);
    return {{"head.weight", torch::randn({8, 3, 3, 3}) / 4},
            {"head.bias", torch::randn({8})},
            {"deep.weight", torch::randn({2, 4, 5, 5}, torch::kFloat64) / 8},
            {"tail.weight", torch::randn({12, 8, 3, 3}) / 8},
            {"act.weight", torch::rand({8})},
            {"wide.weight", torch::randn({8, 1, 17, 17}) / 16},
            {"norm.weight", torch::rand({8})},
            {"norm.bias", torch::rand({8})},
            {"odd.weight", torch::randn({8, 3, 2, 2})},
            {"count", torch::ones({8}, torch::kInt64)},
            {"nan.weight", torch::full({8, 3, 3, 3}, NAN)}};
}

/// The reason alone, of what a function throws.
std::string refusal(const std::function<void(ProgramBuilder&)>& build) {
    const Tensors tensors = some_tensors();
    ProgramBuilder builder(tensors, 3);
    try {
        build(builder);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_model);
        EXPECT_EQ(error.subject(), "model");
        return error.what();
    }
    return "nothing was refused";
}

TEST(ProgramBuilder, RefusesWhatDoesNotFitByName) {
    const Value input = ProgramBuilder::kInput;
    EXPECT_EQ(refusal([&](auto& b) { b.convolution(input, "absent"); }),
              "model: tensor \"absent.weight\" is missing");
    EXPECT_EQ(refusal([&](auto& b) { b.convolution(input, "nan"); }),
              "model: tensor \"nan.weight\" holds NaN or Inf");
    EXPECT_EQ(refusal([&](auto& b) { b.convolution(input, "odd"); }),
              "model: tensor \"odd.weight\" has a kernel of even size: [8,3,2,2]");
    EXPECT_EQ(
        refusal([&](auto& b) { b.convolution(input, "tail"); }),
        "model: tensor \"tail.weight\" has the shape [12,8,3,3], which does not fit 3 channels");
    EXPECT_EQ(refusal([&](auto& b) { b.convolution(input, "act"); }),
              "model: tensor \"act.weight\" has the shape [8], which is no convolution");
    EXPECT_EQ(refusal([&](auto& b) { b.take("count"); }),
              "model: tensor \"count\" holds no floating-point numbers");
    EXPECT_EQ(refusal([&](auto& b) { b.prelu(input, "act"); }),
              "model: tensor \"act.weight\" has the shape [8], not [3]");
    EXPECT_EQ(refusal([&](auto& b) { b.pixel_shuffle(input, 2); }),
              "model: 3 channels make no 2 times larger picture");
    EXPECT_EQ(refusal([&](auto& b) { b.sum(input, b.enlarge(input, 2)); }),
              "model: adds values of different sizes");
    EXPECT_EQ(refusal([&](auto& b) { b.finish(b.pixel_unshuffle(input, 2)); }),
              "model: its result is no whole multiple of its input's size");
    const auto there_and_back = [](auto& b, Value value, int factor) {
        return b.pixel_shuffle(b.pixel_unshuffle(value, factor), factor);
    };
    EXPECT_EQ(
        refusal([&](auto& b) { b.finish(there_and_back(b, there_and_back(b, input, 11), 7)); }),
        "model: its layers need pictures whose sides are multiples of 77");
}

TEST(ProgramBuilder, TellsWhatWasNotUsedAndDropsIdleLayers) {
    const Tensors tensors = some_tensors();
    ProgramBuilder builder(tensors, 3);
    const Value head = builder.convolution(ProgramBuilder::kInput, "head");
    builder.activate(head, Activation::relu);
    const Value result = builder.slice(builder.convolution(head, "tail"), 0, 3);
    const auto unused = builder.unused();
    EXPECT_EQ(unused.size(), tensors.size() - 3);
    EXPECT_EQ(std::count(unused.begin(), unused.end(), "tail.weight"), 0);
    const Program program = builder.finish(result);
    ASSERT_EQ(program.layers.size(), 4U);
    EXPECT_EQ(program.output, 3);
    EXPECT_EQ(program.at(2).inputs.front(), 1);
}

/// Every kind of layer that is local, at three resolutions.
Program mixed(const Tensors& tensors) {
    ProgramBuilder b(tensors, 3);
    const Value head = b.convolution(ProgramBuilder::kInput, "head");
    const Value active = b.prelu(head, "act");
    const Value deep = b.leaky_relu(b.convolution(b.slice(active, 2, 4), "deep", 1, 2), 0.1);
    const Value joined = b.concat({deep, b.slice(active, 0, 6)});
    const Value wide = b.activate(b.convolution(joined, "wide", 8), Activation::silu);
    const Value gated = b.product(wide, b.activate(joined, Activation::sigmoid));
    const Value moved = b.affine(gated, torch::full({8}, 2.0F), torch::full({8}, 0.5F));
    const Value twice = b.enlarge(b.sum(moved, head, 0.5, -1), 2);
    const Value tail = b.pixel_shuffle(b.convolution(twice, "tail"), 2);
    const Value skip = b.enlarge(ProgramBuilder::kInput, 4, nn::Enlarge::Kind::bilinear);
    return b.finish(b.sum(tail, skip));
}

torch::Tensor mixed_by_hand(const Tensors& t, const torch::Tensor& input) {
    namespace F = torch::nn::functional;
    const auto head = torch::conv2d(input, t.at("head.weight"), t.at("head.bias"), 1, 1);
    const auto active = torch::prelu(head, t.at("act.weight"));
    const auto weight = t.at("deep.weight").to(torch::kFloat32);
    const auto deep =
        torch::leaky_relu(torch::conv2d(active.slice(1, 2, 6), weight, {}, 1, 4, 2), 0.1);
    const auto joined = torch::cat({deep, active.slice(1, 0, 6)}, 1);
    const auto wide = torch::silu(torch::conv2d(joined, t.at("wide.weight"), {}, 1, 8, 1, 8));
    const auto moved = wide * torch::sigmoid(joined) * 2 + 0.5;
    const auto sum = moved * 0.5 - head;
    const auto twice = sum.repeat_interleave(2, 2).repeat_interleave(2, 3);
    const auto tail = torch::pixel_shuffle(torch::conv2d(twice, t.at("tail.weight"), {}, 1, 1), 2);
    const auto options = F::InterpolateFuncOptions()
                             .scale_factor(std::vector<double>{4, 4})
                             .mode(torch::kBilinear)
                             .align_corners(false);
    return tail + F::interpolate(input, options);
}

TEST(RunReference, ComputesEveryLocalLayer) {
    const Tensors tensors = some_tensors();
    const Program program = mixed(tensors);
    auto input = torch::rand({2, 3, 13, 22});
    const auto expected = mixed_by_hand(tensors, input);
    double told = 0;
    const auto before = input.clone();
    const torch::NoGradGuard no_grad;
    const auto output = nn::run_reference(program, input, [&told](double share) {
        EXPECT_GT(share, told);
        told = share;
    });
    EXPECT_NEAR(told, 1, 1e-9);
    EXPECT_TRUE(torch::equal(input, before));
    EXPECT_EQ(output.sizes(), expected.sizes());
    EXPECT_LT((output - expected).abs().max().item<double>(), 1e-5);
}

TEST(RunReference, IsDifferentiableByInputAndTensors) {
    const Tensors tensors = some_tensors();
    Program program = mixed(tensors);
    const auto input = torch::rand({1, 3, 9, 10}).set_requires_grad(true);
    auto by_hand = tensors;
    by_hand["head.weight"] = tensors.at("head.weight").clone().set_requires_grad(true);
    auto& weight = std::get<nn::Convolution>(program.layers[1].operation).weight;
    weight = weight.clone().set_requires_grad(true);
    const auto found =
        torch::autograd::grad({nn::run_reference(program, input).square().sum()}, {input, weight});
    const auto expected = torch::autograd::grad({mixed_by_hand(by_hand, input).square().sum()},
                                                {input, by_hand["head.weight"]});
    for (std::size_t i = 0; i < 2; ++i) {
        const double size = expected[i].abs().max().item<double>();
        EXPECT_LT((found[i] - expected[i]).abs().max().item<double>(), 1e-4 * size) << i;
    }
}

TEST(RunReference, PadsByReflectionAndCuts) {
    const Tensors none;
    for (const int factor : {2, 4}) {
        ProgramBuilder b(none, 3);
        const Program program =
            b.finish(b.pixel_shuffle(b.pixel_unshuffle(ProgramBuilder::kInput, factor), factor));
        EXPECT_EQ(nn::alignment(program), factor);
        for (const std::int64_t size : {1, 2, 3, 5, 8, 9}) {
            const auto input = torch::rand({1, 3, size, size + 1});
            EXPECT_TRUE(torch::equal(nn::run_reference(program, input), input)) << size;
        }
    }
    // What lies beyond the border is the row before the last: a mean over 2x2 shows it.
    ProgramBuilder b(none, 1);
    const auto parts = b.pixel_unshuffle(ProgramBuilder::kInput, 2);
    const auto mean = b.convolution_of(parts, torch::full({1, 4, 1, 1}, 0.25), {});
    const Program program = b.finish(b.enlarge(mean, 2));
    const auto input = torch::tensor({1.0, 2.0, 5.0}).reshape({1, 1, 1, 3}).to(torch::kFloat32);
    const auto output = nn::run_reference(program, input);
    EXPECT_EQ(output.numel(), 3);
    EXPECT_EQ(output[0][0][0][0].item<float>(), 1.5);  // one row: repeated
    EXPECT_EQ(output[0][0][0][2].item<float>(), 3.5);  // 5 and, beyond, 2
}

TEST(RunReference, ComputesGlobalLayers) {
    const Tensors tensors = some_tensors();
    ProgramBuilder b(tensors, 3);
    const Value head = b.convolution(ProgramBuilder::kInput, "head");
    const Value gate = b.activate(b.global_mean(head), Activation::sigmoid);
    const Value normed = b.group_norm(b.product(gate, head), "norm", 4);
    const Program program = b.finish(b.slice(b.sum(normed, gate, 1, 2), 0, 3));
    EXPECT_FALSE(nn::is_local(program));
    EXPECT_EQ(nn::radius(program), 1);

    const auto input = torch::rand({2, 3, 7, 9});
    const auto features =
        torch::conv2d(input, tensors.at("head.weight"), tensors.at("head.bias"), 1, 1);
    const auto gates = features.mean({2, 3}, true).sigmoid();
    const auto expected = torch::group_norm(features * gates, 4, tensors.at("norm.weight"),
                                            tensors.at("norm.bias"), 1e-5) +
                          2 * gates;
    const auto output = nn::run_reference(program, input);
    EXPECT_LT((output - expected.slice(1, 0, 3)).abs().max().item<double>(), 1e-5);
}

TEST(RunReference, InBf16TheSumWithTheInputStaysFloat) {
    const torch::NoGradGuard no_grad;
    const Tensors tensors = some_tensors();
    const Program program = mixed(tensors);
    const Program half = nn::moved(program, torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(std::get<nn::Convolution>(half.layers[1].operation).weight.scalar_type(),
              torch::kBFloat16);
    const auto input = torch::rand({1, 3, 12, 12});
    const auto output = nn::run_reference(half, input);
    EXPECT_EQ(output.scalar_type(), torch::kFloat32);
    const auto expected = nn::run_reference(program, input);
    EXPECT_LT((output - expected).abs().mean().item<double>(),
              0.02 * expected.abs().mean().item<double>());

    // Without it the last convolution does.
    ProgramBuilder b(tensors, 3);
    const Value head = b.convolution(ProgramBuilder::kInput, "head");
    const Program plain = nn::moved(b.finish(b.pixel_shuffle(b.convolution(head, "tail"), 2)),
                                    torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(nn::run_reference(plain, input).scalar_type(), torch::kFloat32);
}

TEST(ProgramFacts, RowsNeededAreExact) {
    const auto of = [](nn::Operation operation, std::int64_t row) {
        return nn::rows_needed({std::move(operation), {0}, 1, {}, false}, 0, row);
    };
    const nn::Convolution five{torch::zeros({1, 1, 5, 3}), torch::zeros({1}), 1, 2};
    EXPECT_TRUE(of(five, 10) == (Span{6, 15}));
    EXPECT_TRUE(of(nn::PixelShuffle{3}, 8) == (Span{2, 3}));
    EXPECT_TRUE(of(nn::PixelShuffle{3}, -1) == (Span{-1, 0}));
    EXPECT_TRUE(of(nn::PixelUnshuffle{4}, 2) == (Span{8, 12}));
    EXPECT_TRUE(of(nn::Enlarge{2, nn::Enlarge::Kind::nearest}, 5) == (Span{2, 3}));
    EXPECT_TRUE(of(nn::Enlarge{2, nn::Enlarge::Kind::bilinear}, 5) == (Span{2, 4}));
    EXPECT_TRUE(of(nn::Enlarge{2, nn::Enlarge::Kind::bilinear}, 4) == (Span{1, 3}));
    EXPECT_TRUE(of(nn::Enlarge{2, nn::Enlarge::Kind::bilinear}, 0) == (Span{-1, 1}));
    EXPECT_TRUE(of(nn::Enlarge{3, nn::Enlarge::Kind::bilinear}, 4) == (Span{1, 2}));  // on a row
    EXPECT_TRUE(of(nn::Concat{}, 7) == (Span{7, 8}));
}

TEST(ProgramFacts, SizesOfAProgram) {
    const Tensors tensors = some_tensors();
    const Program program = mixed(tensors);
    EXPECT_TRUE(nn::is_local(program));
    EXPECT_EQ(nn::scale(program), 4);
    EXPECT_EQ(nn::alignment(program), 1);
    EXPECT_EQ(nn::multiply_adds_per_pixel(program), 8U * 27 + 2 * 100 + 8 * 289 + 4 * 12 * 72);
    EXPECT_EQ(nn::parameters(program), 216U + 8 + 8 + 200 + 2 + 8 * 289 + 8 + 12 * 72 + 12);
    // The last convolution's result, that shuffled, and the network's input.
    EXPECT_EQ(nn::values_alive_per_pixel(program), 4U * 12 + 16 * 3 + 3);
    EXPECT_EQ(nn::last_uses(program).back(), static_cast<Value>(program.layers.size()));
}

TEST(ProgramFacts, RadiusIsWhatAPixelReaches) {
    const Tensors tensors = some_tensors();
    const Program program = mixed(tensors);
    EXPECT_EQ(nn::radius(program), 1 + 4 + 8 + 1);
    EXPECT_EQ(measured_radius(program), nn::radius(program));
    for (const int factor : {1, 2, 3, 4}) {
        for (const auto kind : {nn::Enlarge::Kind::nearest, nn::Enlarge::Kind::bilinear}) {
            ProgramBuilder b(tensors, 3);
            const auto parts = b.pixel_unshuffle(ProgramBuilder::kInput, factor);
            const auto wide =
                b.convolution_of(parts, torch::ones({8, 3 * factor * factor, 3, 3}), {});
            const auto large = b.enlarge(wide, 2 * factor, kind);
            const auto tail = b.convolution(large, "tail");
            const Program other = b.finish(b.pixel_shuffle(tail, 2));
            EXPECT_EQ(measured_radius(other), nn::radius(other)) << factor;
        }
    }
}

}  // namespace
}  // namespace sisr::test
