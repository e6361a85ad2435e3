/// ncnn's .param files: a network's layers as text. Torch-free.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sisr {

struct NcnnLayer {
    std::string type;  ///< "Convolution"
    std::string name;
    std::vector<std::string> inputs;  ///< names of blobs
    std::vector<std::string> outputs;
    /// By ncnn's numbers; a single value is a list of one. Texts are left out.
    std::map<int, std::vector<double>> parameters;

    /// A parameter as a whole number (cut, and within int), or the fallback where it is not given.
    int whole(int key, int fallback) const;
    double real(int key, double fallback) const;
    /// Empty where it is not given.
    std::vector<double> list(int key) const;
};

/// What every .param begins with.
constexpr std::string_view kNcnnMagic = "7767517";

/// Throws Error{bad_model} about `subject`.
std::vector<NcnnLayer> parse_ncnn_param(std::string_view text, const std::string& subject);

/// A tensor of a layer in the .bin.
struct NcnnWeight {
    std::string name;  ///< "Conv_0.weight"
    std::vector<std::int64_t> shape;
    /// Whether a mark before it tells of its type; else it is float32.
    bool is_marked = false;
};

/// In their order in the .bin: of Convolution and ConvolutionDepthWise weight [O,I/groups,kh,kw]
/// and bias [O]; of PReLU slope [C]; of MemoryData data [c,h,w]; of Scale and GroupNorm weight and
/// bias [C]; of BatchNorm slope, mean, variance and bias [C]. Throws Error{bad_model} about
/// `subject`, by type and name, for layers of other types and for 8-bit weights.
std::vector<NcnnWeight> ncnn_weights(const NcnnLayer& layer, const std::string& subject);

/// 'layer "Conv_0" (Convolution)', for messages.
std::string describe(const NcnnLayer& layer);

}  // namespace sisr
