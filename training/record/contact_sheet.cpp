#include "record/contact_sheet.h"

#include <sisr/error.h>
#include <sisr/resize.h>

#include <algorithm>

namespace sisr::training {
namespace {

constexpr int kGap = 4;  // pixels between cells, white

Size cell_size(const std::vector<Image>& cell) {
    Size size;
    for (const Image& image : cell) {
        size.width += image.width();
        size.height = std::max(size.height, image.height());
    }
    return size;
}

void paste(const Image& image, int left, int top, Image& sheet) {
    const bool is_grey = image.shape().colour_channels == 1;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            for (int c = 0; c < 3; ++c) {
                sheet.at(left + x, top + y, c) = image.at(x, y, is_grey ? 0 : c);
            }
        }
    }
}

}  // namespace

Image contact_sheet(const std::vector<std::vector<Image>>& cells, int columns) {
    if (cells.empty()) throw Error(ErrorKind::usage, "contact sheet", "no pictures");
    Size largest;
    for (const auto& cell : cells) {
        const Size size = cell_size(cell);
        largest = {std::max(largest.width, size.width), std::max(largest.height, size.height)};
    }
    const int count = static_cast<int>(cells.size());
    columns = std::clamp(columns, 1, count);
    const int rows = (count + columns - 1) / columns;
    Image sheet({columns * (largest.width + kGap) - kGap, rows * (largest.height + kGap) - kGap, 3,
                 false, Encoding::display});
    std::fill(sheet.samples().begin(), sheet.samples().end(), 1.0F);
    for (int i = 0; i < count; ++i) {
        int left = i % columns * (largest.width + kGap);
        const int top = i / columns * (largest.height + kGap);
        for (const Image& image : cells[static_cast<std::size_t>(i)]) {
            paste(image, left, top, sheet);
            left += image.width();
        }
    }
    return sheet;
}

Image comparison_strip(const Image& input, const Image& result, const Image& truth, int scale,
                       int side) {
    side = std::min({side, truth.width(), truth.height()}) / scale * scale;
    const int left = (truth.width() - side) / 2 / scale * scale;
    const int top = (truth.height() - side) / 2 / scale * scale;
    const Image seen = crop(input, left / scale, top / scale, {side / scale, side / scale});
    return contact_sheet(
        {{resize(seen, {side, side}, Kernel::nearest), crop(result, left, top, {side, side}),
          crop(truth, left, top, {side, side})}},
        1);
}

Image crop(const Image& image, int left, int top, Size size) {
    ImageShape shape = image.shape();
    shape.width = size.width;
    shape.height = size.height;
    Image part(shape);
    for (int y = 0; y < size.height; ++y) {
        const float* row =
            image.row(top + y) + static_cast<std::ptrdiff_t>(left) * image.channels();
        std::copy_n(row, shape.row_samples(), part.row(y));
    }
    return part;
}

}  // namespace sisr::training
