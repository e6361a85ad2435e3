/// The inner loops of a Winograd convolution, for the vectors of a processor.
#pragma once

#include <cstddef>

namespace sisr::winograd {

/// F(4x4, 3x3) of Lavin and Gray 2015 (arXiv:1509.09308, section 4.3): a tile of 4x4 results is
/// made from 6x6 inputs by 36 multiplications for each pair of channels, instead of 144.
constexpr std::ptrdiff_t kResults = 4;
constexpr std::ptrdiff_t kInputs = 6;
constexpr std::ptrdiff_t kPlaces = kInputs * kInputs;

/// Tiles that go through the three steps together; any number of sums that registers hold divides
/// it.
constexpr std::ptrdiff_t kTiles = 24;

/// Pixels of interleaved channels: steps from one to the next, in samples.
struct Steps {
    std::ptrdiff_t row;
    std::ptrdiff_t column;
};

/// What follows a convolution in the same pass.
enum class Then {
    nothing,
    relu,
    slope,  ///< what is below zero times its channel's slope: PReLU, LeakyReLU
    add     ///< to what the output already holds
};

/// bias and, for Then::slope, slopes: of all channels.
struct After {
    const float* bias;
    const float* slopes;
    Then then;
};

/// All samples are float32; `channels`, `inputs` and `outputs` suit (see below).
struct Kernels {
    /// 6x6 pixels from `corner` on to to[place * place_step + channel].
    void (*transform_input)(const float* corner, Steps steps, std::ptrdiff_t channels, float* to,
                            std::ptrdiff_t place_step);
    /// products[place][tile][output] = sum of tiles[place][tile][input] *
    /// weights[place][input][output], for kPlaces places and kTiles tiles.
    void (*multiply)(const float* tiles, const float* weights, std::ptrdiff_t inputs,
                     std::ptrdiff_t outputs, float* products);
    /// The reverse of transform_input, plus the bias, for the first rows x columns of 4x4 results.
    void (*transform_output)(const float* products, std::ptrdiff_t place_step,
                             std::ptrdiff_t channels, const After& after, float* corner,
                             Steps steps, int rows, int columns);
    /// The reverse of transform_output for a gradient: its first rows x columns of 4x4, the others
    /// being zero, to to[place * place_step + channel].
    void (*transform_gradient)(const float* corner, Steps steps, int rows, int columns,
                               std::ptrdiff_t channels, float* to, std::ptrdiff_t place_step);
    /// sums[place][input][output] += sum of tiles[place][tile][input] *
    /// gradients[place][tile][output] over the first `count` of kTiles tiles, for kPlaces places.
    void (*correlate)(const float* tiles, const float* gradients, std::ptrdiff_t count,
                      std::ptrdiff_t inputs, std::ptrdiff_t outputs, float* sums);
    /// Whether a number of channels fills whole vectors.
    bool (*suits)(std::ptrdiff_t channels);
};

/// Those for this processor; null where there are none.
const Kernels* kernels();

}  // namespace sisr::winograd
