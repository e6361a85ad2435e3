/// ONNX's nodes (https://onnx.ai/onnx/operators) as layers of a program.
#pragma once

#include "formats/onnx/onnx_graph.h"
#include "nn/program_builder.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sisr::onnx {

/// Colour channels of the input: as the file tells, or as the first convolution takes.
int input_channels(const OnnxGraph& graph, const Shapes& shapes);

class Translator {
public:
    /// builder: of the tensors that open_onnx() names. Both must stay meanwhile.
    Translator(nn::ProgramBuilder& builder, const OnnxGraph& graph)
        : builder_(builder), graph_(graph) {}

    /// The picture. Throws Error{bad_model} about "model", with the node's kind and name, for what
    /// a program does not know.
    nn::Value run();

private:
    /// Zeros round a value, which the convolution that follows adds itself.
    struct Padded {
        nn::Value value = 0;
        std::vector<double> amounts;  ///< top, left, bottom, right
    };
    /// Exporters write GELU and Mish as several nodes: what they made on the way, of `of`.
    struct Partial {
        enum class Kind { erf, one_plus_erf, softplus, tanh_softplus };
        Kind kind = Kind::erf;
        nn::Value of = 0;
        double factor = 1;
    };

    void translate(const OnnxNode& node);
    bool translate_activation(const OnnxNode& node);
    bool translate_shape(const OnnxNode& node);
    bool translate_arithmetic(const OnnxNode& node);
    bool translate_weighted(const OnnxNode& node);

    nn::Value input(const OnnxNode& node, std::size_t index = 0) const;
    void define(const OnnxNode& node, nn::Value value, std::size_t index = 0);
    bool is_weight(const OnnxNode& node, std::size_t index) const;
    torch::Tensor weight(const OnnxNode& node, std::size_t index);
    /// A list that older files have as an attribute and newer ones as an input; empty where there
    /// is none.
    std::vector<double> given(const OnnxNode& node, const std::string& attribute,
                              std::size_t index);
    torch::Tensor by_channel(nn::Value value, double number) const;

    nn::Value convolution(const OnnxNode& node);
    nn::Value normalised(const OnnxNode& node);
    nn::Value resized(const OnnxNode& node);
    nn::Value clipped(const OnnxNode& node);
    nn::Value sliced(const OnnxNode& node);
    nn::Value depth_to_space(const OnnxNode& node);
    nn::Value space_to_depth(const OnnxNode& node);
    nn::Value permuted(nn::Value value, const std::vector<std::int64_t>& from);
    void add_pad(const OnnxNode& node);
    void add_split(const OnnxNode& node);
    bool add_partial(const OnnxNode& node);
    std::optional<nn::Value> completed(const OnnxNode& node);
    nn::Value combined(const OnnxNode& node);
    nn::Value with_constant(const OnnxNode& node, nn::Value value, torch::Tensor constant,
                            bool is_first);

    nn::ProgramBuilder& builder_;
    const OnnxGraph& graph_;
    std::map<std::string, nn::Value> values_;
    std::map<std::string, Padded> padded_;
    std::map<std::string, Partial> partial_;
    /// Constants under another name: what Identity and Cast make of them.
    std::map<std::string, std::string> renamed_;
    /// What the affine layer of a division or product by a number was made of, and the number.
    std::map<nn::Value, std::pair<nn::Value, double>> scaled_;
};

}  // namespace sisr::onnx
