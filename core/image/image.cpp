#include <sisr/image.h>

#include <sisr/error.h>

namespace sisr {

Image::Image(const ImageShape& shape) : shape_(shape), row_samples_(shape.row_samples()) {
    const bool has_colour = shape.colour_channels == 1 || shape.colour_channels == 3;
    if (shape.width < 1 || shape.height < 1 || !has_colour) {
        throw Error(ErrorKind::usage, "image",
                    "cannot be " + std::to_string(shape.width) + "x" +
                        std::to_string(shape.height) + " pixels of " +
                        std::to_string(shape.colour_channels) + " colour channels");
    }
    samples_.resize(row_samples_ * static_cast<std::size_t>(shape.height));
}

}  // namespace sisr
