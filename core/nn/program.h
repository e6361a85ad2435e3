/// A network as data: layers over values, in an order in which each value is made before it is
/// used. Radius, multiply-adds and what can be streamed follow from it (program_facts.h);
/// run_reference.h and run_strips.h run it.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace sisr::nn {

/// What a layer makes: its index in Program::layers. Value 0 is the network's input.
using Value = int;

enum class Activation { relu, leaky_relu, prelu, silu, gelu, mish, sigmoid, tanh };

/// The network's input, [N,C,h,w].
struct Input {};

/// Stride 1, zero padding that keeps the size; odd kernels. weight [O, C/groups, kh, kw], bias [O],
/// both float32.
struct Convolution {
    torch::Tensor weight;
    torch::Tensor bias;
    int groups = 1;
    int dilation = 1;
};

/// slopes: of what is below zero, [1] for leaky_relu, [C] for prelu; else undefined.
struct Activate {
    Activation kind = Activation::relu;
    torch::Tensor slopes;
};

/// x * factor + offset, by channel: [C] each, float32.
struct Affine {
    torch::Tensor factor;
    torch::Tensor offset;
};

/// first * a + second * b. b may have one pixel (what a GlobalMean came to), which counts for all.
struct Sum {
    float first = 1;
    float second = 1;
};

/// a * b, where b may have one channel, or one pixel.
struct Product {};

/// Channels behind one another.
struct Concat {};

/// Channels [first, first + Layer::channels).
struct Slice {
    int first = 0;
};

/// [C*f*f, h, w] to [C, f*h, f*w], as torch::pixel_shuffle.
struct PixelShuffle {
    int factor = 1;
};

/// Its reverse. The executors pad a picture whose size is no multiple by reflection at its right
/// and lower border, and cut the result.
struct PixelUnshuffle {
    int factor = 1;
};

struct Enlarge {
    enum class Kind { nearest, bilinear };  ///< bilinear: align_corners=False
    int factor = 1;
    Kind kind = Kind::nearest;
};

/// Mean over the picture, [C,1,1]: of a tile it is not that of the whole.
struct GlobalMean {};

/// torch::group_norm, whose statistics are of the whole picture. weight and bias: [C].
struct GroupNorm {
    int groups = 1;
    torch::Tensor weight;
    torch::Tensor bias;
    double epsilon = 1e-5;
};

/// Each pixel's channels less their mean, by their deviation: (x - mean) / sqrt(variance + epsilon)
/// * weight + bias, [C] each. Layer norm over channels, which looks at no other pixel.
struct ChannelNorm {
    torch::Tensor weight;
    torch::Tensor bias;
    double epsilon = 1e-6;
};

/// What no other layer says: a function of whole maps [N,C,h,w], float32, for the reference
/// executor alone.
struct Custom {
    using Weights = std::map<std::string, torch::Tensor>;

    std::function<torch::Tensor(const std::vector<torch::Tensor>& inputs, const Weights& weights)>
        run;
    Weights weights{};               ///< float32
    std::int64_t multiply_adds = 0;  ///< per pixel of the result
    std::int64_t values =
        0;  ///< alive at its peak beside inputs and result, per pixel of the result
};

using Operation =
    std::variant<Input, Convolution, Activate, Affine, Sum, Product, Concat, Slice, PixelShuffle,
                 PixelUnshuffle, Enlarge, GlobalMean, GroupNorm, ChannelNorm, Custom>;

/// Rows (and columns) of a value for each of the network's input: times / over, in lowest terms.
struct Resolution {
    int times = 1;
    int over = 1;
};

inline bool operator==(Resolution a, Resolution b) {
    return a.times == b.times && a.over == b.over;
}

struct Layer {
    Operation operation;
    std::vector<Value> inputs;
    int channels = 0;  ///< of what it makes
    Resolution resolution;
    bool is_one_pixel = false;  ///< a mean over the picture, or made of such
};

/// How a picture is cut for layers that look at windows of it, at the same places in each tile.
struct Windows {
    /// none: the layers see to sides that are no multiple.
    enum class Padding { reflection, zeros, none };

    int multiple = 1;  ///< sides that are none are padded at the right and lower border
    Padding padding = Padding::reflection;
    /// Pixels round a tile, beyond which what it misses is not seen: of layers without end there is
    /// no radius.
    int overlap = 0;
};

struct Program {
    std::vector<Layer> layers;  ///< the first is the Input
    Value output = 0;           ///< its resolution is a whole number: the scale
    Windows windows;

    const Layer& at(Value value) const { return layers[static_cast<std::size_t>(value)]; }
};

}  // namespace sisr::nn
