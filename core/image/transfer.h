/// The sRGB curve (IEC 61966-2-1), continued beyond [0,1]: odd below 0, the same power above 1.
#pragma once

namespace sisr {

/// Light to display value. Monotonic; srgb_decode is its inverse.
float srgb_encode(float linear);
/// Display value to light.
float srgb_decode(float display);

}  // namespace sisr
