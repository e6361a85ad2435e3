/// Resampling as a stream of rows, and its weights.
#pragma once

#include <sisr/resize.h>
#include <sisr/rows.h>

#include <vector>

namespace sisr {

/// Which input samples make one output sample; indices may repeat at a mirrored border.
struct Taps {
    std::vector<int> index;
    std::vector<float> weight;  ///< sums to 1
};

/// Taps for each of `output` samples. When reducing with `antialias`, the kernel is stretched by
/// input/output. Pixel centres map as u = (x + 0.5) * input/output - 0.5; the border is mirrored
/// with the edge repeated (MATLAB's imresize).
std::vector<Taps> make_taps(int input, int output, Kernel kernel, bool antialias = true);

/// Passes a stream of rows on at another size, holding only the rows that its kernel needs.
/// The result equals resize().
class ResizingSink final : public RowSink {
public:
    ResizingSink(RowSink& next, Size target, Kernel kernel)
        : next_(next), target_(target), kernel_(kernel) {}
    ~ResizingSink() override;

    void begin(const ImageShape& shape) override;
    void write_rows(int y_begin, int y_end, const float* rows) override;
    void finish() override;

private:
    void emit_ready_rows();

    RowSink& next_;
    Size target_;
    Kernel kernel_;
    ImageShape input_;
    std::vector<Taps> columns_;
    std::vector<Taps> rows_;
    std::vector<int>
        first_needed_;  ///< per output row: the first input row it or a later one needs
    std::vector<std::vector<float>> window_;  ///< horizontally resampled rows
    int window_begin_ = 0;
    int rows_read_ = 0;
    int rows_written_ = 0;
};

}  // namespace sisr
