/// The literature's degradation: a clean, antialiased bicubic reduction.
#pragma once

#include <sisr/image.h>

namespace sisr::training {

/// MATLAB's imresize(image, 1/scale), rounded to 8 bits as the published test sets are.
/// Throws Error{usage} unless the size is a multiple of the scale.
Image reduce_bicubic(const Image& high_resolution, int scale);

/// The image cut at its right and lower edge to a multiple of the scale, as the field does before
/// it reduces.
Image cut_to_multiple(const Image& image, int scale);

}  // namespace sisr::training
