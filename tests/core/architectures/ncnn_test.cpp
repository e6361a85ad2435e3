#include "architectures/ncnn/ncnn.h"

#include "formats/model_file.h"
#include "nn/program_builder.h"
#include "nn/program_facts.h"
#include "nn/run_reference.h"

#include "support/shared_data.h"
#include "support/temp_dir.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

namespace sisr::test {
namespace {

namespace F = torch::nn::functional;
using torch::Tensor;

/// A .param and a .bin, layer by layer.
class Writer {
public:
    /// "Convolution c 1 1 a b 0=8": its weights, the first of them behind a mark where it is a
    /// convolution's, as float16 where asked.
    void add(const std::string& line, const std::vector<Tensor>& weights = {}) {
        lines_ += line + "\n";
        ++count_;
        const bool is_convolution = line.compare(0, 11, "Convolution") == 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (is_convolution && i == 0) bin_ += std::string(4, '\0');
            const Tensor values = weights[i].contiguous();
            bin_.append(static_cast<const char*>(values.data_ptr()), values.nbytes());
        }
    }

    TensorFile file() const {
        const TempDir folder;
        write_bytes(folder / "x.param", "7767517\n" + std::to_string(count_) + " 9\n" + lines_);
        write_bytes(folder / "x.bin", bin_);
        return read_model_file(folder / "x.param");
    }

private:
    std::string lines_;
    std::string bin_;
    int count_ = 0;
};

Spec spec_of(const TensorFile& file) {
    Shapes shapes;
    for (const auto& [name, tensor] : file.tensors) shapes[name] = tensor.sizes().vec();
    return ncnn_architecture().read(shapes, file.metadata).value();
}

Tensor run(const TensorFile& file, const Tensor& input) {
    return nn::run_reference(ncnn_architecture().build(file.tensors, file.metadata).program, input);
}

void expect_close(const Tensor& actual, const Tensor& expected) {
    ASSERT_EQ(actual.sizes(), expected.sizes());
    EXPECT_TRUE(torch::allclose(actual, expected, 1e-5, 1e-5))
        << (actual - expected).abs().max().item<float>();
}

Tensor conv(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, int groups = 1) {
    return torch::conv2d(x, weight, bias, 1, {weight.size(2) / 2, weight.size(3) / 2}, 1, groups);
}

class NcnnTest : public ::testing::Test {
protected:
    void SetUp() override { torch::manual_seed(1); }
    Tensor input_ = torch::rand({1, 3, 7, 9});
    Tensor weight_ = torch::randn({12, 3, 3, 3}) / 5;
    Tensor bias_ = torch::randn({12});
    Tensor slope_ = torch::rand({12});
    std::string conv_ = "Convolution c 1 1 x y 0=12 1=3 4=1 5=1 6=324";
};

TEST_F(NcnnTest, ACompactNetwork) {
    Writer writer;
    writer.add("Input in 0 1 data");
    writer.add("Split s 1 2 data x again");
    writer.add(conv_, {weight_, bias_});
    writer.add("PReLU p 1 1 y z 0=12", {slope_});
    writer.add("PixelShuffle ps 1 1 z big 0=2");
    writer.add("Interp i 1 1 again nearest 0=1 1=2.000000e+00 2=2.000000e+00");
    writer.add("BinaryOp add 2 1 big nearest output");
    const TensorFile file = writer.file();
    const Tensor expected =
        torch::pixel_shuffle(torch::prelu(conv(input_, weight_, bias_), slope_), 2) +
        input_.repeat_interleave(2, 2).repeat_interleave(2, 3);
    expect_close(run(file, input_), expected);
    const Spec spec = spec_of(file);
    EXPECT_EQ(spec.scale, 2);
    EXPECT_EQ(spec.input_channels, 3);
    EXPECT_EQ(spec.output_channels, 3);
    EXPECT_EQ(spec.exactness, Exactness::exact);
    EXPECT_EQ(spec.words, "1 convolutions, as ncnn's list of layers");
}

TEST_F(NcnnTest, SumsSplitsAndConcatenation) {
    Writer writer;
    writer.add("Input in 0 1 x");
    writer.add(conv_ + " 9=2 -23310=1,2.000000e-01", {weight_, bias_});
    writer.add("Split s 1 3 y y0 y1 y2");
    writer.add("Slice sl 1 3 y0 a b c -23300=3,4,-233,-233 1=0");
    writer.add("Concat cc 2 1 c a d");
    writer.add("Crop cr 1 1 y1 e -23309=1,2 -23310=1,-2 -23311=1,0");
    writer.add("Eltwise el 2 1 d e f 0=1 -23301=2,2.000000e-01,1.000000e+00");
    writer.add("Sigmoid sg 1 1 y2 h");
    writer.add("Crop cr2 1 1 h h8 2=1 3=-233 4=-233 5=8");
    writer.add("BinaryOp mul 2 1 f h8 out0 0=2");
    const Tensor y = torch::leaky_relu(conv(input_, weight_, bias_), 0.2);
    const Tensor d = torch::cat({y.slice(1, 8, 12), y.slice(1, 0, 4)}, 1);
    const Tensor f = 0.2 * d + y.slice(1, 2, 10);
    expect_close(run(writer.file(), input_), f * torch::sigmoid(y).slice(1, 1, 9));
}

TEST_F(NcnnTest, UnshuffledInputPaddingAndDepthwise) {
    const Tensor head = torch::randn({8, 12, 1, 1});
    const Tensor deep = torch::randn({8, 1, 5, 3});
    const Tensor gate = torch::randn({8, 8, 1, 1});
    Writer writer;
    writer.add("Input in 0 1 x");
    writer.add("Reorg r 1 1 x y 0=2");
    writer.add("Convolution c 1 1 y a 0=8 1=1 6=96", {head});
    writer.add("Padding p 1 1 a b 0=2 1=2 2=1 3=1");
    writer.add("ConvolutionDepthWise d 1 1 b e 0=8 1=3 11=5 6=120 7=8 9=1", {deep});
    writer.add("Split s 1 2 e e0 e1");
    writer.add("Pooling gp 1 1 e0 m 0=1 4=1");
    writer.add("Convolution g 1 1 m n 0=8 1=1 6=64 9=4", {gate});
    writer.add("BinaryOp mul 2 1 e1 n z 0=2");
    writer.add("Interp i 1 1 z w 0=2 1=4.0 2=4.0");
    const TensorFile file = writer.file();
    const Tensor x = torch::rand({1, 3, 8, 6});
    const Tensor e = torch::relu(conv(conv(torch::pixel_unshuffle(x, 2), head), deep, {}, 8));
    const Tensor z = e * torch::sigmoid(conv(e.mean({2, 3}, true), gate));
    expect_close(run(file, x), F::interpolate(z, F::InterpolateFuncOptions()
                                                     .scale_factor(std::vector<double>{4, 4})
                                                     .mode(torch::kBilinear)
                                                     .align_corners(false)));
    EXPECT_EQ(spec_of(file).scale, 2);
    EXPECT_EQ(spec_of(file).input_channels, 3);
    EXPECT_EQ(spec_of(file).output_channels, 8);
    EXPECT_EQ(spec_of(file).exactness, Exactness::approximate);
}

TEST_F(NcnnTest, NumbersConstantsAndNorms) {
    const Tensor mean = torch::rand({3});
    const Tensor values = torch::rand({4, 12}) + 0.5;
    Writer writer;
    writer.add("Input in 0 1 x");
    writer.add("MemoryData mean 0 1 mu 0=1 1=1 2=3", {mean});
    writer.add("BinaryOp sub 2 1 x mu x0 0=1");
    writer.add("BinaryOp half 1 1 x0 x1 0=3 1=1 2=2.000000e+00");
    writer.add("BinaryOp from 1 1 x1 x2 0=7 1=1 2=1.000000e+00");
    writer.add("Convolution c 1 1 x2 y 0=12 1=3 4=-233 5=1 6=324", {weight_, bias_});
    writer.add("BatchNorm bn 1 1 y z 0=12 1=1.000000e-05",
               {values[0], values[1], values[2], values[3]});
    writer.add("Scale sc 1 1 z w 0=12 1=1", {slope_, bias_});
    writer.add("UnaryOp neg 1 1 w v 0=1");
    writer.add("Swish sw 1 1 v u");
    writer.add("BinaryOp c7 1 1 u t 0=2 1=1 2=7.000000e-01");
    const auto by = [](const Tensor& t) { return t.reshape({1, -1, 1, 1}); };
    const Tensor y = conv(1 - (input_ - by(mean)) / 2, weight_, bias_);
    const Tensor z =
        (y - by(values[1])) / torch::sqrt(by(values[2]) + 1e-5) * by(values[0]) + by(values[3]);
    const Tensor expected = 0.7 * torch::silu(-(z * by(slope_) + by(bias_)));
    // Of values up to a hundred.
    const Tensor actual = run(writer.file(), input_);
    EXPECT_TRUE(torch::allclose(actual, expected, 1e-4, 1e-4))
        << (actual - expected).abs().max().item<float>();
}

TEST_F(NcnnTest, WhatIsNotKnownIsRefusedByTypeAndName) {
    const auto expect = [this](const std::vector<std::string>& lines, const std::string& words) {
        Writer writer;
        writer.add("Input in 0 1 x");
        for (const auto& line : lines) {
            const bool is_convolution = line.compare(0, 11, "Convolution") == 0;
            writer.add(
                line, is_convolution ? std::vector<Tensor>{weight_, bias_} : std::vector<Tensor>{});
        }
        try {
            run(writer.file(), input_);
            ADD_FAILURE() << "was built; expected: " << words;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::bad_model);
            EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
        }
    };
    const std::string with = "layer \"c\" (Convolution) ";
    expect({"Clip k 1 1 x y"}, "layer \"k\" (Clip) is of a kind that is not supported");
    expect({conv_ + " 3=2"}, with + "leaves out pixels");
    expect({"Convolution c 1 1 x y 0=12 1=3 5=1 6=324"}, with + "changes the size");
    expect({conv_ + " 9=6"}, with + "has an activation");
    expect({conv_ + " 7=3", "Sigmoid s 1 1 nothing z"}, "takes \"nothing\", which no layer");
    expect({"Sigmoid s 1 1 x x"}, "makes \"x\" a second time");
    expect({"Interp i 1 1 x y 0=3 1=2.0 2=2.0"}, "layer \"i\" (Interp) enlarges neither");
    expect({"Interp i 1 1 x y 0=1 1=0.5 2=0.5"}, "no whole number");
    expect({"Interp i 1 1 x y 0=1 3=10 4=10"}, "one constant factor");
    expect({"BinaryOp b 1 1 x y 0=6 1=1 2=2.0"}, "layer \"b\" (BinaryOp) does what");
    expect({"Padding p 1 1 x y 0=1 1=1 2=1 3=1 4=2"}, "something else than zeros");
    expect({"Padding p 1 1 x y 0=1 1=1 2=1 3=1", "Sigmoid s 1 1 y z"}, "takes padded values");
    expect({"Crop k 1 1 x y 0=2 1=2"}, "otherwise than by channels");
    expect({"PixelShuffle ps 1 1 x y 0=2"}, "layer \"ps\" (PixelShuffle): 3 channels");
    expect({"Concat k 1 1 x y 0=1"}, "layer \"k\" (Concat) is of a kind");
    expect({"Input other 0 1 z"}, "a second picture");
    expect({"Split s 1 2 x a b"}, "2 results, not one");
    Shapes none;
    EXPECT_FALSE(ncnn_architecture().read(none, {{"format", "pt"}}).has_value());
}

/// Real-ESRGAN's compact network, as its code has it.
nn::Program compact(const Tensors& tensors) {
    nn::ProgramBuilder builder(tensors, 3);
    nn::Value x = nn::ProgramBuilder::kInput;
    for (int i = 0; builder.has("body." + std::to_string(i) + ".weight"); ++i) {
        const std::string name = "body." + std::to_string(i);
        x = tensors.at(name + ".weight").dim() == 1 ? builder.prelu(x, name)
                                                    : builder.convolution(x, name);
    }
    x = builder.pixel_shuffle(x, 4);
    return builder.finish(builder.sum(x, builder.enlarge(nn::ProgramBuilder::kInput, 4)));
}

TEST(SharedDataNcnn, TheCompactNetworkAsPublishedInBothForms) {
    const auto models = shared_data() / "models";
    SISR_SKIP_WITHOUT(models);
    const TensorFile ncnn = read_model_file(models / "RealESRGAN_General_x4_v3.param");
    const nn::Program ours = ncnn_architecture().build(ncnn.tensors, ncnn.metadata).program;
    EXPECT_EQ(nn::scale(ours), 4);
    EXPECT_EQ(spec_of(ncnn).scale, 4);
    torch::manual_seed(1);
    const Tensor input = torch::nn::functional::interpolate(
        torch::rand({1, 3, 12, 16}), torch::nn::functional::InterpolateFuncOptions()
                                         .scale_factor(std::vector<double>{4, 4})
                                         .mode(torch::kBilinear)
                                         .align_corners(false));
    const Tensors tensors = read_model_file(models / "realesr-general-x4v3.pth").tensors;
    const Tensor difference =
        nn::run_reference(ours, input) - nn::run_reference(compact(tensors), input);
    // The weights of the ncnn file are float16.
    EXPECT_LT(difference.abs().max().item<float>(), 1.0 / 255);
}

}  // namespace
}  // namespace sisr::test
