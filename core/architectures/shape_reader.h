/// What an architecture asks of a header's shapes; what is refused is refused by the tensor's name.
#pragma once

#include "architectures/architecture.h"
#include "nn/program_builder.h"

#include <string>
#include <vector>

namespace sisr {

/// Throws Error{bad_model} about "model".
[[noreturn]] void refuse_model(const std::string& reason);

class ShapeReader {
public:
    /// shapes: must stay as long as the reader.
    explicit ShapeReader(const Shapes& shapes) : shapes_(shapes) {}

    bool has(const std::string& name) const { return shapes_.count(name) != 0; }
    /// Whether there are all of these.
    bool has_all(const std::vector<std::string>& names) const;

    /// Whether a name begins so.
    bool has_any(const std::string& prefix) const;

    /// Sizes of the convolution `layer`.weight. They throw when there is none.
    int outputs(const std::string& layer) const { return dimension(layer + ".weight", 0); }
    int inputs(const std::string& layer) const { return dimension(layer + ".weight", 1); }
    int kernel(const std::string& layer) const { return dimension(layer + ".weight", 2); }

    /// Sizes of a matrix by its full name. They throw when there is none.
    int rows(const std::string& name) const { return of_matrix(name, 0); }
    int columns(const std::string& name) const { return of_matrix(name, 1); }

    /// Of what there is one number a channel.
    bool is_vector(const std::string& name) const;

    /// One more than the largest N of names that begin with `prefix`N.; 0 where there is none. A
    /// number that is left out is no end: what belongs to it is then missing by its name.
    int count(const std::string& prefix) const;

private:
    int dimension(const std::string& name, std::size_t axis) const;
    int of_matrix(const std::string& name, std::size_t axis) const;
    int size(const std::string& name, std::size_t axes, std::size_t axis, const char* what) const;

    const Shapes& shapes_;
};

Shapes shapes_of(const Tensors& tensors);

/// Tensors of sizes alone (on the device "meta"), of which a program's sizes can be had without its
/// weights.
Tensors without_values(const Shapes& shapes);

/// The number whose square `value` is; none where there is none up to 16.
std::optional<int> square_root(int value);

/// By what a PixelShuffle enlarges that makes `channels` of `layer`'s outputs.
int shuffle_factor(const ShapeReader& shapes, const std::string& layer, int channels);

/// A PixelShuffle at the end: how large, and to how many channels, which are as many as the
/// input's where that can be, else 3, 1 or 4.
struct Shuffled {
    int factor;
    int channels;
};
Shuffled last_shuffle(const ShapeReader& shapes, const std::string& layer, int input_channels);

/// "23 blocks of 64 channels"
std::string blocks_of_channels(int blocks, int channels);

/// A convolution whose bias is a part of the layout: that it is missing is told.
nn::Value convolve_with_bias(nn::ProgramBuilder& builder, nn::Value input, const std::string& name,
                             int groups = 1);

/// Whether a layout's convolutions before a norm have biases.
enum class Bias { expected, none };

/// A convolution's weight and bias, and in them the batch norm behind it, in evaluation mode.
struct NormedConvolution {
    torch::Tensor weight;
    torch::Tensor bias;
};
NormedConvolution take_normed(nn::ProgramBuilder& builder, const std::string& name,
                              const std::string& norm, Bias bias);

/// A convolution and the batch norm behind it as one convolution, in evaluation mode.
nn::Value convolve_normed(nn::ProgramBuilder& builder, nn::Value input, const std::string& name,
                          const std::string& norm, Bias bias, int groups = 1);

/// A number that metadata may tell, under "sisr." and `key`.
std::optional<double> told_number(const Metadata& metadata, const std::string& key);

/// The program, and what it had no use for.
Built finished(nn::ProgramBuilder& builder, nn::Value output);

}  // namespace sisr
