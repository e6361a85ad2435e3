#include "architectures/onnx/write_onnx.h"

#include "architectures/onnx/onnx.h"
#include "architectures/shape_reader.h"
#include "formats/model_file.h"
#include "formats/model_header.h"
#include "nn/program_facts.h"
#include "nn/run_reference.h"
#include "parity.h"
#include "support/python.h"
#include "support/temp_dir.h"

#include <sisr/error.h>

#include <gtest/gtest.h>

#include <fstream>

namespace sisr::test {
namespace {

torch::Tensor by_reference(const nn::Program& program, const torch::Tensor& input) {
    const torch::NoGradGuard no_grad;
    return nn::run_reference(program, input);
}

struct OnnxModel {
    Spec spec;
    nn::Program program;
};

OnnxModel read_onnx(const std::filesystem::path& file) {
    const TensorFile content = read_model_file(file);
    const auto found = find_architecture(shapes_of(content.tensors), content.metadata);
    if (!found || std::string(found->architecture->id) != "onnx") {
        ADD_FAILURE() << file << " is no list of ONNX's nodes";
        return {};
    }
    return {found->spec, found->architecture->build(content.tensors, content.metadata).program};
}

std::string reason_of(const std::filesystem::path& file) {
    try {
        const ModelHeader header = read_model_header(file);
        find_architecture(header.shapes, header.metadata);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::bad_model);
        return error.what();
    }
    return "none";
}

TEST(OnnxFile, ComputesWhatThePythonThatWroteItDoes) {
    SISR_SKIP_WITHOUT_PYTHON("torch");
    const TempDir folder;
    for (const ParityCase& item : make_cases(folder.path(), "exported", 3)) {
        SCOPED_TRACE(item.name);
        const OnnxModel model = read_onnx(item.folder / "model.onnx");
        if (model.program.layers.empty()) continue;
        EXPECT_EQ(model.spec.scale, item.spec.scale);
        EXPECT_EQ(model.spec.input_channels, item.spec.input_channels);
        EXPECT_EQ(model.spec.output_channels, item.spec.output_channels);
        EXPECT_EQ(model.spec.exactness, item.spec.exactness);
        EXPECT_LT(parity_errors(item, model.program, by_reference).max().item<double>(), 1e-4);
    }
}

/// What we write is read as the same network, of every kind of layer that we can write and read.
TEST(OnnxFile, ThatWeWriteIsTheProgram) {
    SISR_SKIP_WITHOUT_PYTHON("torch");
    const TempDir folder;
    int count = 0;
    for (const char* family : {"compact", "esrgan", "span", "residual"}) {
        for (const ParityCase& item : make_cases(folder.path(), family, 2)) {
            SCOPED_TRACE(item.name);
            const Built built = build_case(item, read_model(item.folder / "model.safetensors"));
            const auto file = folder / "written.onnx";
            write_onnx(file, built.program, {{"sisr.name", "a name"}});
            const OnnxModel model = read_onnx(file);
            EXPECT_EQ(model.spec.scale, item.spec.scale);
            EXPECT_EQ(nn::radius(model.program), nn::radius(built.program));
            const auto truth = by_reference(built.program, item.input);
            const auto range = (truth.max() - truth.min()).item<double>();
            const auto difference = by_reference(model.program, item.input) - truth;
            EXPECT_LT(difference.abs().max().item<double>() / range, 1e-5);
            EXPECT_EQ(read_model_header(file).metadata.at("sisr.name"), "a name");
            ++count;
        }
    }
    EXPECT_GT(count, 30);
}

/// A small file by Python's own hand: fields of protobuf, no library.
constexpr const char* kFile = R"(
def varint(n):
    out = b''
    n &= (1 << 64) - 1
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])
def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value
def tensor(name, dims, data, kind=1):
    return b''.join(field(1, d) for d in dims) + field(2, kind) + field(8, name) + field(9, data)
def attribute(name, **given):
    return field(1, name) + b''.join(field({'i': 3, 's': 4}[k], v) for k, v in given.items())
def node(op, inputs, outputs, *attributes):
    return (b''.join(field(1, i) for i in inputs) + b''.join(field(2, o) for o in outputs) +
            field(4, op) + b''.join(field(5, a) for a in attributes))
def value(name):
    dims = field(1, field(1, 1)) + field(1, field(1, 3)) + field(1, field(2, 'h')) + field(1, field(2, 'w'))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))
def model(nodes, tensors=(), inputs=('x',), outputs=('y',)):
    graph = (b''.join(field(1, n) for n in nodes) + b''.join(field(5, t) for t in tensors) +
             b''.join(field(11, value(i)) for i in inputs) + b''.join(field(12, value(o)) for o in outputs))
    return field(1, 7) + field(2, 'hand') + field(7, graph)
)";

struct WrongFile {
    const char* content;
    const char* reason;
};

TEST(OnnxFile, ThatCannotBeIsRefusedByTheNodesName) {
    SISR_SKIP_WITHOUT_PYTHON("struct");
    constexpr WrongFile kWrong[] = {
        {"model([node('LSTM', ['x'], ['y'])])", "LSTM \"y\" is of a kind that is not supported"},
        {"model([node('Relu', ['z'], ['y'])])", "takes \"z\", which no node before it makes"},
        {"model([node('Relu', ['x'], ['z'])])", "its result is made by no node"},
        {"model([node('Relu', ['y'], ['y'])])", "which no node before it makes"},
        {"model([node('DepthToSpace', ['x'], ['y'], attribute('blocksize', i=-2))])",
         "enlarges by no whole factor"},
        {"model([node('DepthToSpace', ['x'], ['y'], attribute('blocksize', i=1 << 62))])",
         "enlarges by no whole factor"},
        {"model([node('Concat', ['x', 'x'], ['y'], attribute('axis', i=2))])",
         "joins other than channels"},
        {"model([node('Conv', ['x', 'w'], ['y'])], [tensor('w', [1 << 40, 3, 3, 3], b'')])",
         "has a size that cannot be"},
        {"model([node('Conv', ['x', 'w'], ['y'])], [tensor('w', [3, 3, 1, 1], bytes(8))])",
         "lies outside its data"},
        {"model([node('Conv', ['x', 'w'], ['y'])], [tensor('w', [3, 3, 3, 3], bytes(324))])",
         "changes the size of the picture"},
        {"model([node('Relu', ['x'], ['y'])], inputs=('x', 'mask'))", "takes more than a picture"},
        {"model([node('Relu', ['x'], ['y'])], outputs=('y', 'z'))", "does not make one picture"},
        {"model([node('Resize', ['x', '', 'x'], ['y'])])",
         "takes its scales from what is computed"},
        {"model([node('Relu', ['x'], ['y'])])[:40]", "is no ONNX file, or is truncated"},
        {"model([node('Relu', ['x'], ['y'])])[:-3] + bytes([0x7A, 255, 255])", "truncated"},
    };
    for (const WrongFile& wrong : kWrong) {
        const TempDir folder;
        run_python(folder.path(),
                   std::string(kFile) + "open('x.onnx', 'wb').write(" + wrong.content + ")");
        const std::string reason = reason_of(folder / "x.onnx");
        EXPECT_NE(reason.find(wrong.reason), std::string::npos) << wrong.content << ": " << reason;
    }
}

TEST(OnnxFile, CutAnywhereIsRefused) {
    SISR_SKIP_WITHOUT_PYTHON("torch");
    const TempDir folder;
    nn::Program program;
    {
        const Tensors none;
        nn::ProgramBuilder builder(none, 3);
        const auto weight = torch::rand({12, 3, 3, 3});
        program = builder.finish(
            builder.pixel_shuffle(builder.convolution_of(0, weight, torch::rand({12})), 2));
    }
    write_onnx(folder / "whole.onnx", program, {});
    ASSERT_EQ(reason_of(folder / "whole.onnx"), "none");
    std::ifstream stream(folder / "whole.onnx", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    for (std::size_t size = 1; size < bytes.size(); size += 1 + size / 40) {
        write_bytes(folder / "cut.onnx", bytes.substr(0, size));
        EXPECT_NE(reason_of(folder / "cut.onnx"), "none") << size << " of " << bytes.size();
    }
}

TEST(OnnxFile, HoldsNoAttention) {
    nn::Program program;
    const Tensors none;
    nn::ProgramBuilder builder(none, 3);
    nn::Custom custom;
    custom.run = [](const std::vector<torch::Tensor>& inputs, const nn::Custom::Weights&) {
        return inputs.front();
    };
    program = builder.finish(builder.custom({0}, custom));
    const TempDir folder;
    try {
        write_onnx(folder / "x.onnx", program, {});
        FAIL() << "was written";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unsupported);
        EXPECT_NE(std::string(error.what()).find("x.onnx"), std::string::npos);
    }
    EXPECT_FALSE(std::filesystem::exists(folder / "x.onnx"));
}

}  // namespace
}  // namespace sisr::test
