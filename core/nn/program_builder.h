/// Writes a Program layer by layer, so that an architecture reads as its paper does.
#pragma once

#include "formats/tensors.h"
#include "nn/program.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace sisr::nn {

/// Each function appends a layer and returns what it makes. Weights are taken from the tensors by
/// name. All throw Error{bad_model} about "model" for a tensor that is missing, of a shape that
/// does not fit or not finite, and for values that do not go together. Tensors on the device
/// "meta", which have sizes alone, make a program of sizes alone.
class ProgramBuilder {
public:
    /// tensors: must stay as long as the builder. Any floating-point type.
    ProgramBuilder(const Tensors& tensors, int input_channels);

    static constexpr Value kInput = 0;

    /// `name`.weight [O,C/groups,kh,kw] and, where it is there, `name`.bias [O].
    Value convolution(Value input, const std::string& name, int groups = 1, int dilation = 1);
    /// The same of tensors that were computed; bias may be undefined.
    Value convolution_of(Value input, torch::Tensor weight, torch::Tensor bias, int groups = 1,
                         int dilation = 1);
    Value activate(Value input, Activation kind);
    Value leaky_relu(Value input, double slope);
    /// `name`.weight [C], or [1] for all channels.
    Value prelu(Value input, const std::string& name);
    /// The same of slopes that were computed.
    Value prelu_of(Value input, torch::Tensor slopes);
    Value affine(Value input, torch::Tensor factor, torch::Tensor offset);
    Value sum(Value a, Value b, double a_factor = 1, double b_factor = 1);
    Value product(Value a, Value b);
    Value concat(std::vector<Value> inputs);
    Value slice(Value input, int first, int count);
    Value pixel_shuffle(Value input, int factor);
    Value pixel_unshuffle(Value input, int factor);
    Value enlarge(Value input, int factor, Enlarge::Kind kind = Enlarge::Kind::nearest);
    Value global_mean(Value input);
    /// `name`.weight and `name`.bias, [C] each.
    Value group_norm(Value input, const std::string& name, int groups, double epsilon = 1e-5);
    /// `name`.weight and `name`.bias, [C] each.
    Value channel_norm(Value input, const std::string& name, double epsilon = 1e-6);
    Value custom(std::vector<Value> inputs, Custom operation, int channels, Resolution resolution);
    /// The same for a map of the first input's channels and size.
    Value custom(std::vector<Value> inputs, Custom operation);

    /// See Windows.
    void cut_by(const Windows& windows) { program_.windows = windows; }

    int channels(Value value) const { return program_.at(value).channels; }

    /// A tensor by name as float32; counts as used.
    torch::Tensor take(const std::string& name);
    /// The same, of one number for each channel.
    torch::Tensor take_each(const std::string& name, int channels);
    /// The same, of this shape.
    torch::Tensor take_of(const std::string& name, const std::vector<std::int64_t>& shape);
    /// Counts a tensor as used that has no bearing on the result; it may be absent.
    void ignore(const std::string& name) { used_.insert(name); }
    bool has(const std::string& name) const { return tensors_.count(name) != 0; }

    /// The program, without layers that the output does not need; the builder is spent. Throws
    /// Error{bad_model} too where the output's size is no whole multiple of the input's.
    Program finish(Value output);

    /// Names of tensors that no layer took.
    std::vector<std::string> unused() const;

private:
    Value append(Operation operation, std::vector<Value> inputs, int channels,
                 Resolution resolution);

    const Tensors& tensors_;
    std::set<std::string> used_;
    Program program_;
};

}  // namespace sisr::nn
