/// What readers have in common.
#pragma once

#include <cstddef>
#include <string>

namespace sisr {

/// Throws Error{bad_image} for a page of no pixels, or of more than a picture can have.
void check_size(const std::string& path, long long width, long long height, long long channels);

/// Samples whose colours are multiplied by the alpha that follows them become those that are not.
void unpremultiply(float* samples, std::size_t pixels, int colour_channels);

}  // namespace sisr
