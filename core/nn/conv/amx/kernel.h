/// Convolutions in bf16 by the matrix tiles of a processor (AMX), for rows with any step between
/// pixels: oneDNN's kernels want dense ones, and a network whose layers read parts of one wide
/// buffer (Huang et al. 2017, DenseNet; ESRGAN) has none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sisr::amx {

constexpr std::ptrdiff_t kPixels = 16;  ///< rows of a tile
constexpr std::ptrdiff_t kInputs = 32;  ///< values that a tile's product sums
constexpr std::ptrdiff_t kOutputs = 16;

/// Whether this processor has the tiles and the system lets this process use them.
bool is_available();

/// What follows in the same pass.
enum class Then {
    nothing,
    slope,  ///< what is below zero times its channel's slope
    add     ///< to what the output already holds
};

/// One convolution of rows. All pointers must stay while it runs.
struct Work {
    /// Inputs that are summed, kInputs at a time: the place of the first, in elements from the
    /// first pixel of the row's kernel. `taps` of them.
    const std::ptrdiff_t* offsets;
    std::ptrdiff_t taps;
    const std::uint16_t* weights;  ///< [outputs/16][taps][16][16][2], bf16
    const float* bias;             ///< [outputs rounded up to 16]
    const float* slopes;           ///< likewise, for Then::slope
    std::ptrdiff_t outputs;
    Then then;
    const std::uint16_t* input;             ///< the first pixel of the first row's kernel, bf16
    std::ptrdiff_t input_row, input_pixel;  ///< steps in elements
    void* output;                           ///< bf16, or float32 where so said
    bool is_output_float;
    std::ptrdiff_t output_row, output_pixel;
    std::ptrdiff_t width;
};

/// Rows [first, last). Up to 15 pixels behind the width are read (and must be finite), not written.
void convolve(const Work& work, std::ptrdiff_t first, std::ptrdiff_t last);

}  // namespace sisr::amx
