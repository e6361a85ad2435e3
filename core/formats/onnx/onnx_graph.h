/// What an ONNX file tells of its network beside the weights, torch-free, and the same as text: the
/// way in which a file's list of layers reaches the architecture that translates it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sisr {

struct OnnxNode {
    std::string op;    ///< "Conv"
    std::string name;  ///< as its author called it, else what it makes
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    std::map<std::string, std::vector<double>> numbers;  ///< attributes: one number, or a list
    std::map<std::string, std::string> words;            ///< attributes that are texts

    /// An attribute that is one number.
    double number(const std::string& attribute, double usual) const;
    const std::vector<double>& list(const std::string& attribute) const;
    std::string word(const std::string& attribute, const std::string& usual) const;
};

struct OnnxGraph {
    std::string input;
    std::string output;
    int input_channels = 0;  ///< 0: not told
    std::vector<OnnxNode> nodes;
    /// Short tensors, whose values are sizes and places rather than weights.
    std::map<std::string, std::vector<double>> constants;
};

std::string to_text(const OnnxGraph& graph);

/// Its reverse. Throws Error{bad_model} about "model" for what to_text() did not write.
OnnxGraph onnx_graph_of(const std::string& text);

/// Under this key of a model's metadata.
constexpr const char* kOnnxGraphKey = "onnx.graph";

}  // namespace sisr
