#include "compare.h"

#include <sisr/image_file.h>
#include <sisr/resize.h>

#include <algorithm>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kLargestSide = 640;  // of each half, in pixels of the result
constexpr int kGap = 8;

/// The middle `size` of an image file, without holding the rest.
Image read_middle(FileSource& source, Size size) {
    const ImageShape whole = source.shape();
    ImageShape shape = whole;
    shape.width = size.width;
    shape.height = size.height;
    Image middle(shape);
    const auto left = static_cast<std::size_t>((whole.width - size.width) / 2) * whole.channels();
    const int top = (whole.height - size.height) / 2;
    std::vector<float> row(whole.row_samples());
    for (int y = 0; y < top + size.height; ++y) {
        source.read_rows(y, y + 1, row.data());
        if (y >= top) std::copy_n(row.data() + left, shape.row_samples(), middle.row(y - top));
    }
    return middle;
}

Image beside(const Image& left, const Image& right) {
    ImageShape shape = left.shape();
    shape.width = 2 * left.width() + kGap;
    Image sheet(shape);
    std::fill(sheet.samples().begin(), sheet.samples().end(), 1.0F);
    const std::size_t samples = left.shape().row_samples();
    for (int y = 0; y < shape.height; ++y) {
        std::copy_n(left.row(y), samples, sheet.row(y));
        std::copy_n(right.row(y), samples,
                    sheet.row(y) + samples + static_cast<std::size_t>(kGap) * left.channels());
    }
    return sheet;
}

}  // namespace

fs::path compare_path(const fs::path& result) {
    return result.parent_path() / (result.stem().string() + "-compare.png");
}

void write_compare_sheet(const fs::path& input, const fs::path& result, bool is_turned) {
    FileSource input_source(input);
    FileSource result_source(result);
    if (is_turned) input_source.make_upright();
    const Size before = input_source.shape().size();
    const Size after = result_source.shape().size();
    const double scale = static_cast<double>(after.width) / before.width;
    const auto part = [scale](int side) {
        return std::clamp(static_cast<int>(kLargestSide / scale), 1, side);
    };
    const Size shown{part(before.width), part(before.height)};
    // Same centre, and as many result pixels as the shown input pixels make.
    const Size enlarged{std::min(after.width, static_cast<int>(shown.width * scale)),
                        std::min(after.height, static_cast<int>(shown.height * scale))};
    const Image ours = read_middle(result_source, enlarged);
    const Image plain = resize(read_middle(input_source, shown), enlarged, Kernel::bicubic);
    if (plain.channels() != ours.channels()) return;  // a format that changed grey or alpha
    WriteOptions options;
    options.depth = Depth::u8;
    write_image(compare_path(result), beside(plain, ours), options);
}

}  // namespace sisr::cli
