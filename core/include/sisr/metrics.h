/// Image quality as the super-resolution literature measures it: on the BT.601 studio-range luma
/// (16 to 235) of the 8-bit images, a border of `border` pixels cut from each side.
#pragma once

#include <sisr/export.h>
#include <sisr/image.h>

namespace sisr {

/// Peak signal-to-noise ratio in dB, peak 255; 99 for identical images.
/// Throws Error{usage} when the sizes differ or the border leaves nothing.
SISR_API double psnr_y(const Image& reference, const Image& result, int border);

/// Structural similarity (Wang et al. 2004): 11x11 Gaussian window of sigma 1.5, K1 0.01,
/// K2 0.03, only positions where the window fits. Throws as psnr_y does; at least 11 pixels each
/// way must remain.
SISR_API double ssim_y(const Image& reference, const Image& result, int border);

}  // namespace sisr
