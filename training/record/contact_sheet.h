/// Many small pictures on one.
#pragma once

#include <sisr/image.h>

#include <vector>

namespace sisr::training {

/// Each cell is a row of pictures that touch; cells stand `columns` in a row, apart. Pictures are
/// RGB or grey without alpha; all cells get the size of the largest. Throws Error{usage} when
/// there is none.
Image contact_sheet(const std::vector<std::vector<Image>>& cells, int columns);

/// The middle of a picture, `side` pixels of the truth wide and high or what there is: the input
/// with its pixels as squares, the result and the truth side by side. The input's size is the
/// truth's divided by `scale`.
Image comparison_strip(const Image& input, const Image& result, const Image& truth, int scale,
                       int side);

/// The part of `image` of this size whose upper left pixel is (left, top).
Image crop(const Image& image, int left, int top, Size size);

}  // namespace sisr::training
