#include "image/transfer.h"

#include <cmath>

namespace sisr {

float srgb_encode(float linear) {
    const float x = std::fabs(linear);
    const float y = x <= 0.0031308F ? 12.92F * x : 1.055F * std::pow(x, 1 / 2.4F) - 0.055F;
    return std::copysign(y, linear);
}

float srgb_decode(float display) {
    const float y = std::fabs(display);
    const float x = y <= 0.04045F ? y / 12.92F : std::pow((y + 0.055F) / 1.055F, 2.4F);
    return std::copysign(x, display);
}

}  // namespace sisr
