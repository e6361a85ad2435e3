/// Resampling without a network.
#pragma once

#include <sisr/export.h>
#include <sisr/image.h>

namespace sisr {

/// bicubic: Keys' kernel with a = -0.5, as in MATLAB's imresize.
/// box: with antialias the mean over the area of an output pixel.
enum class Kernel { nearest, box, bilinear, bicubic, lanczos3 };

/// Pixel centres map as u = (x + 0.5) * input/output - 0.5; the border is mirrored with the edge
/// repeated; with `antialias` a reduction stretches the kernel by input/output (MATLAB's imresize).
/// Values are not clamped: bicubic and Lanczos overshoot.
SISR_API Image resize(const Image& image, Size target, Kernel kernel, bool antialias = true);

}  // namespace sisr
