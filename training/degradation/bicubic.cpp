#include "degradation/bicubic.h"

#include "image/resize.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>

namespace sisr::training {

Image reduce_bicubic(const Image& high_resolution, int scale) {
    if (high_resolution.width() % scale != 0 || high_resolution.height() % scale != 0) {
        throw Error(ErrorKind::usage, "reduce", "the size is no multiple of the scale");
    }
    Image reduced =
        resize(high_resolution, {high_resolution.width() / scale, high_resolution.height() / scale},
               Kernel::bicubic);
    for (float& value : reduced.samples()) {
        value = std::round(255 * std::clamp(value, 0.0F, 1.0F)) / 255;
    }
    return reduced;
}

Image cut_to_multiple(const Image& image, int scale) {
    ImageShape shape = image.shape();
    shape.width -= shape.width % scale;
    shape.height -= shape.height % scale;
    Image cut(shape);
    for (int y = 0; y < shape.height; ++y) {
        std::copy_n(image.row(y), shape.row_samples(), cut.row(y));
    }
    return cut;
}

}  // namespace sisr::training
