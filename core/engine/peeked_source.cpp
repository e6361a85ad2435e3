#include "engine/peeked_source.h"

#include <algorithm>

namespace sisr {
namespace {

ImageShape with_height(ImageShape shape, int height) {
    shape.height = height;
    return shape;
}

}  // namespace

PeekedSource::PeekedSource(RowSource& source, int rows)
    : source_(source), first_(with_height(source.shape(), rows)) {
    source.read_rows(0, rows, first_.row(0));
}

void PeekedSource::read_rows(int y_begin, int y_end, float* out) {
    const std::size_t stride = shape().row_samples();
    const int held = std::min(y_end, first_.height());
    if (y_begin < held) {
        const auto samples = static_cast<std::size_t>(held - y_begin) * stride;
        out = std::copy_n(first_.row(y_begin), samples, out);
        if (held == first_.height()) first_ = Image();
        y_begin = held;
    }
    if (y_begin < y_end) source_.read_rows(y_begin, y_end, out);
}

}  // namespace sisr
