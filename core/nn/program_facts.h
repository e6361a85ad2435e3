/// What follows from a program, and is written nowhere else.
#pragma once

#include "nn/program.h"

#include <cstddef>

namespace sisr::nn {

/// Rows (or columns, which are alike) [begin, end).
struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// Rows of input number `index` that a layer needs for its row, some of them perhaps outside the
/// picture. Of layers that are local.
Span rows_needed(const Layer& layer, std::size_t index, std::int64_t row);

/// Whether no layer looks at the whole picture, so that strips give what the whole gives.
bool is_local(const Program& program);

int scale(const Program& program);

/// Tiles begin at multiples of this: 1 but for PixelUnshuffle and windows.
int alignment(const Program& program);

/// Input sizes that are no multiple of this are padded: the same, but for windows whose layers see
/// to that.
int padded_multiple(const Program& program);

/// An output pixel depends on no input pixel further away than this, each way: the most over every
/// phase of the output's grid. Exact for local programs; for others Windows::overlap, or else of
/// their local layers, a Custom counting as the pixels in its place.
int radius(const Program& program);

std::size_t multiply_adds_per_pixel(const Program& program);  ///< per input pixel
std::size_t parameters(const Program& program);               ///< weights, biases and slopes

/// Values alive at once at the peak of run_reference, the input among them, per input pixel; its
/// slices, which are views, count for themselves, since most layers copy them.
std::size_t values_alive_per_pixel(const Program& program);

/// The last layer that reads each value; its own where none does, the program's end for the output.
std::vector<Value> last_uses(const Program& program);

}  // namespace sisr::nn
