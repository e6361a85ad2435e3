#include "architectures/onnx/write_onnx.h"

#include "base/atomic_file.h"
#include "nn/program_facts.h"
#include "onnx.pb.h"

#include <sisr/error.h>

#include <cmath>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace sisr {
namespace {

using nn::Activation;
using nn::Layer;
using nn::Value;

constexpr int kFloat = 1;  // TensorProto.DataType
constexpr int kInt64 = 7;
constexpr int kIrVersion = 7;
constexpr int kOperatorSet = 13;

// AttributeProto.AttributeType
constexpr int kTypeFloat = 1;
constexpr int kTypeInt = 2;
constexpr int kTypeString = 3;
constexpr int kTypeInts = 7;

/// Appends the nodes of one layer after the other.
class GraphWriter {
public:
    GraphWriter(const nn::Program& program, onnx::Graph& graph) : program_(program), graph_(graph) {
        for (Value value = 1; value < static_cast<Value>(program.layers.size()); ++value) {
            value_ = value;
            std::visit([this](const auto& operation) { write(operation); },
                       program.at(value).operation);
        }
    }

private:
    const Layer& layer() const { return program_.at(value_); }

    std::string name_of(Value value) const {
        if (value == 0) return "input";
        return value == program_.output ? "output" : "value" + std::to_string(value);
    }
    std::string input(std::size_t index = 0) const { return name_of(layer().inputs.at(index)); }
    std::string result() const { return name_of(value_); }
    /// Of what is made on the way.
    std::string part(const char* what) const { return "value" + std::to_string(value_) + what; }

    onnx::Node& add(const char* op, std::vector<std::string> inputs, const std::string& output) {
        onnx::Node& node = *graph_.add_node();
        node.set_op_type(op);
        node.set_name(output);
        for (auto& input : inputs) node.add_input(std::move(input));
        node.add_output(output);
        return node;
    }

    static onnx::Attribute& attribute(onnx::Node& node, const char* name, int type) {
        onnx::Attribute& result = *node.add_attribute();
        result.set_name(name);
        result.set_type(type);
        return result;
    }
    static void set(onnx::Node& node, const char* name, std::int64_t number) {
        attribute(node, name, kTypeInt).set_i(number);
    }
    static void set(onnx::Node& node, const char* name, double number) {
        attribute(node, name, kTypeFloat).set_f(static_cast<float>(number));
    }
    static void set(onnx::Node& node, const char* name, const char* word) {
        attribute(node, name, kTypeString).set_s(word);
    }
    static void set(onnx::Node& node, const char* name, std::initializer_list<std::int64_t> list) {
        onnx::Attribute& ints = attribute(node, name, kTypeInts);
        for (const std::int64_t number : list) ints.add_ints(number);
    }

    std::string constant(const std::string& name, const torch::Tensor& tensor) {
        const bool is_whole = tensor.scalar_type() == torch::kInt64;
        const auto dense = (is_whole ? tensor : tensor.to(torch::kFloat32)).contiguous();
        onnx::Tensor& result = *graph_.add_initializer();
        result.set_name(name);
        result.set_data_type(is_whole ? kInt64 : kFloat);
        for (const std::int64_t size : dense.sizes()) result.add_dims(size);
        result.set_raw_data(dense.data_ptr(), static_cast<std::size_t>(dense.nbytes()));
        return name;
    }
    std::string number(const char* what, double value) {
        return constant(part(what), torch::tensor({static_cast<float>(value)}));
    }
    std::string whole(const char* what, const std::vector<std::int64_t>& values) {
        return constant(part(what), torch::tensor(values, torch::kInt64));
    }
    std::string by_channel(const char* what, const torch::Tensor& values) {
        return constant(part(what), values.reshape({1, -1, 1, 1}));
    }

    [[noreturn]] static void fail() {
        throw Error(ErrorKind::unsupported, "model",
                    "has layers that an ONNX file cannot hold (attention, learned places)");
    }

    void write(const nn::Input& /*operation*/) {}
    void write(const nn::Custom& /*operation*/) { fail(); }

    void write(const nn::Convolution& convolution) {
        const auto& weight = convolution.weight;
        onnx::Node& node = add(
            "Conv",
            {input(), constant(part(".weight"), weight), constant(part(".bias"), convolution.bias)},
            result());
        const std::int64_t dilation = convolution.dilation;
        const std::int64_t rows = dilation * (weight.size(2) / 2);
        const std::int64_t columns = dilation * (weight.size(3) / 2);
        set(node, "kernel_shape", {weight.size(2), weight.size(3)});
        set(node, "pads", {rows, columns, rows, columns});
        set(node, "dilations", {dilation, dilation});
        set(node, "strides", {1, 1});
        set(node, "group", std::int64_t{convolution.groups});
    }

    void write(const nn::Activate& activate) {
        switch (activate.kind) {
            case Activation::relu: add("Relu", {input()}, result()); return;
            case Activation::sigmoid: add("Sigmoid", {input()}, result()); return;
            case Activation::tanh: add("Tanh", {input()}, result()); return;
            case Activation::leaky_relu:
                set(add("LeakyRelu", {input()}, result()), "alpha", activate.slopes.item<double>());
                return;
            case Activation::prelu:
                add("PRelu",
                    {input(), constant(part(".slope"), activate.slopes.reshape({-1, 1, 1}))},
                    result());
                return;
            case Activation::silu:
                add("Sigmoid", {input()}, part(".gate"));
                add("Mul", {input(), part(".gate")}, result());
                return;
            case Activation::gelu: write_gelu(); return;
            case Activation::mish:
                add("Softplus", {input()}, part(".softplus"));
                add("Tanh", {part(".softplus")}, part(".gate"));
                add("Mul", {input(), part(".gate")}, result());
                return;
        }
    }

    /// x * (1 + erf(x / sqrt(2))) * 0.5
    void write_gelu() {
        add("Div", {input(), number(".root", std::sqrt(2.0))}, part(".scaled"));
        add("Erf", {part(".scaled")}, part(".erf"));
        add("Add", {part(".erf"), number(".one", 1)}, part(".gate"));
        add("Mul", {input(), part(".gate")}, part(".twice"));
        add("Mul", {part(".twice"), number(".half", 0.5)}, result());
    }

    void write(const nn::Affine& affine) {
        add("Mul", {input(), by_channel(".factor", affine.factor)}, part(".product"));
        add("Add", {part(".product"), by_channel(".offset", affine.offset)}, result());
    }

    std::string times(const std::string& value, const char* what, const char* made, double factor) {
        if (factor == 1) return value;
        add("Mul", {value, number(what, factor)}, part(made));
        return part(made);
    }

    void write(const nn::Sum& sum) {
        const std::string a = times(input(0), ".first", ".a", sum.first);
        const std::string b = times(input(1), ".second", ".b", sum.second);
        add("Add", {a, b}, result());
    }

    void write(const nn::Product& /*operation*/) { add("Mul", {input(0), input(1)}, result()); }

    void write(const nn::Concat& /*operation*/) {
        std::vector<std::string> inputs;
        for (std::size_t i = 0; i < layer().inputs.size(); ++i) inputs.push_back(input(i));
        set(add("Concat", std::move(inputs), result()), "axis", std::int64_t{1});
    }

    void write(const nn::Slice& slice) {
        add("Slice",
            {input(), whole(".start", {slice.first}),
             whole(".end", {slice.first + std::int64_t{layer().channels}}), whole(".axis", {1})},
            result());
    }

    void write(const nn::PixelShuffle& shuffle) {
        onnx::Node& node = add("DepthToSpace", {input()}, result());
        set(node, "blocksize", std::int64_t{shuffle.factor});
        set(node, "mode", "CRD");
    }

    /// SpaceToDepth counts channels by the place in the block first.
    void write(const nn::PixelUnshuffle& unshuffle) {
        const std::int64_t area = std::int64_t{unshuffle.factor} * unshuffle.factor;
        const std::int64_t channels = layer().channels / area;
        set(add("SpaceToDepth", {input()}, part(".blocks")), "blocksize",
            std::int64_t{unshuffle.factor});
        const auto order = torch::arange(area * channels).view({area, channels}).t().reshape({-1});
        const auto weight = torch::eye(area * channels).index_select(0, order);
        onnx::Node& node = add(
            "Conv", {part(".blocks"), constant(part(".order"), weight.unsqueeze(2).unsqueeze(3))},
            result());
        set(node, "kernel_shape", {1, 1});
    }

    void write(const nn::Enlarge& enlarge) {
        const bool is_nearest = enlarge.kind == nn::Enlarge::Kind::nearest;
        const auto factor = static_cast<float>(enlarge.factor);
        const auto scales = torch::tensor({1.0F, 1.0F, factor, factor});
        onnx::Node& node =
            add("Resize", {input(), "", constant(part(".scales"), scales)}, result());
        set(node, "mode", is_nearest ? "nearest" : "linear");
        set(node, "coordinate_transformation_mode", is_nearest ? "asymmetric" : "half_pixel");
        if (is_nearest) set(node, "nearest_mode", "floor");
    }

    void write(const nn::GlobalMean& /*operation*/) {
        add("GlobalAveragePool", {input()}, result());
    }

    void write(const nn::GroupNorm& norm) {
        const auto groups = std::int64_t{norm.groups};
        add("Shape", {input()}, part(".shape"));
        add("Reshape", {input(), whole(".groups", {0, groups, -1})}, part(".grouped"));
        onnx::Node& node = add("InstanceNormalization",
                               {part(".grouped"), constant(part(".ones"), torch::ones({groups})),
                                constant(part(".zeros"), torch::zeros({groups}))},
                               part(".normed"));
        set(node, "epsilon", norm.epsilon);
        add("Reshape", {part(".normed"), part(".shape")}, part(".whole"));
        write_norm_end(part(".whole"), norm.weight, norm.bias);
    }

    void write(const nn::ChannelNorm& norm) {
        const auto mean = [this](const std::string& of, const std::string& made) {
            onnx::Node& node = add("ReduceMean", {of}, made);
            set(node, "axes", {1});
            set(node, "keepdims", std::int64_t{1});
        };
        mean(input(), part(".mean"));
        add("Sub", {input(), part(".mean")}, part(".centred"));
        add("Mul", {part(".centred"), part(".centred")}, part(".square"));
        mean(part(".square"), part(".variance"));
        add("Add", {part(".variance"), number(".epsilon", norm.epsilon)}, part(".above"));
        add("Sqrt", {part(".above")}, part(".deviation"));
        add("Div", {part(".centred"), part(".deviation")}, part(".normed"));
        write_norm_end(part(".normed"), norm.weight, norm.bias);
    }

    void write_norm_end(const std::string& value, const torch::Tensor& weight,
                        const torch::Tensor& bias) {
        add("Mul", {value, by_channel(".weight", weight)}, part(".weighed"));
        add("Add", {part(".weighed"), by_channel(".bias", bias)}, result());
    }

    const nn::Program& program_;
    onnx::Graph& graph_;
    Value value_ = 0;
};

void describe(onnx::ValueInfo& value, const char* name, int channels, const char* height,
              const char* width) {
    value.set_name(name);
    onnx::TensorKind& kind = *value.mutable_type()->mutable_tensor_type();
    kind.set_elem_type(kFloat);
    onnx::Shape& shape = *kind.mutable_shape();
    shape.add_dim()->set_dim_param("batch");
    shape.add_dim()->set_dim_value(channels);
    shape.add_dim()->set_dim_param(height);
    shape.add_dim()->set_dim_param(width);
}

onnx::Model model_of(const nn::Program& program, const Metadata& words) {
    onnx::Model model;
    model.set_ir_version(kIrVersion);
    model.set_producer_name("SISR");
    onnx::OperatorSet& operators = *model.add_opset_import();
    operators.set_domain("");
    operators.set_version(kOperatorSet);
    onnx::Graph& graph = *model.mutable_graph();
    graph.set_name("sisr");
    describe(*graph.add_input(), "input", program.layers.front().channels, "height", "width");
    describe(*graph.add_output(), "output", program.at(program.output).channels, "enlarged_height",
             "enlarged_width");
    if (program.output == 0) throw Error(ErrorKind::unsupported, "model", "has no layers");
    const GraphWriter writer(program, graph);
    for (const auto& [key, value] : words) {
        onnx::Property& property = *model.add_metadata_props();
        property.set_key(key);
        property.set_value(value);
    }
    return model;
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const nn::Program& program,
                const Metadata& words) {
    onnx::Model model;
    try {
        model = model_of(program, words);
    } catch (const Error& error) {
        const std::string reason = std::string(error.what()).substr(error.subject().size() + 2);
        throw Error(error.kind(), path.string(), reason);
    }
    AtomicFile file(path);
    {
        std::ofstream stream(file.temporary_path(), std::ios::binary);
        const bool is_written = model.SerializeToOstream(&stream) && stream.flush();
        if (!is_written) throw Error(ErrorKind::io, path.string(), "cannot be written");
    }
    file.commit();
}

}  // namespace sisr
