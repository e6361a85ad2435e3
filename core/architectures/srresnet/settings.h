/// The sizes of an SRResNet: chosen for training, read from the tensors of a model file.
#pragma once

#include "formats/tensors.h"

#include <vector>

namespace sisr {

/// What is added to the network's output: nothing (the paper), or the input enlarged.
enum class InputSkip { none, nearest, bilinear };

enum class Activation { prelu, relu };

struct SrResNetSettings {
    int scale = 4;  ///< 1 to 8
    int colour_channels = 3;
    int channels = 64;
    int blocks = 16;
    int head_kernel = 9;
    int tail_kernel = 9;
    bool batch_norm = true;
    Activation activation = Activation::prelu;
    /// True: PixelShuffle in steps of 2 (or one of 3), each with its convolution and activation;
    /// the tail convolves at the full resolution. False: the tail yields colour*scale^2 channels
    /// and one PixelShuffle does the rest.
    bool stepwise_upsampling = true;
    InputSkip input_skip = InputSkip::none;

    /// As in the paper: 16 blocks, 64 channels, 9x9 head and tail, batch norm, PReLU.
    static SrResNetSettings paper(int scale);
    /// 3x3 throughout, no batch norm, ReLU, one PixelShuffle, nearest-neighbour input skip.
    static SrResNetSettings compact(int scale, int channels, int blocks);
};

/// The factors of the PixelShuffle steps; empty for one shuffle to the full scale.
/// Throws Error{usage} for a scale that is no product of twos and threes.
std::vector<int> upsampling_steps(const SrResNetSettings& settings);

/// Sizes from names and shapes; only the input skip is taken from metadata ("sisr.input_skip").
/// Throws Error{bad_model}.
SrResNetSettings read_srresnet_settings(const Tensors& tensors, const Metadata& metadata);

/// The metadata that read_srresnet_settings needs back.
Metadata srresnet_metadata(const SrResNetSettings& settings);

}  // namespace sisr
