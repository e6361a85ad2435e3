#include <sisr/progress.h>
#include <sisr/rows.h>

#include <algorithm>

namespace sisr {

Progress::~Progress() = default;
NoProgress::~NoProgress() = default;
RowSource::~RowSource() = default;
RowSink::~RowSink() = default;
ImageSource::~ImageSource() = default;
ImageSink::~ImageSink() = default;

void ImageSource::read_rows(int y_begin, int y_end, float* out) {
    const std::size_t stride = image_.shape().row_samples();
    std::copy_n(image_.row(y_begin), stride * static_cast<std::size_t>(y_end - y_begin), out);
}

void ImageSink::write_rows(int y_begin, int y_end, const float* rows) {
    const std::size_t stride = image_.shape().row_samples();
    std::copy_n(rows, stride * static_cast<std::size_t>(y_end - y_begin), image_.row(y_begin));
}

}  // namespace sisr
