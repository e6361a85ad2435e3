/// A picture's first rows before anybody reads them.
#pragma once

#include <sisr/rows.h>

namespace sisr {

/// Reads the first rows of a source when it is made, and gives them out again as those of a source.
class PeekedSource final : public RowSource {
public:
    /// rows: 1 to the picture's height.
    PeekedSource(RowSource& source, int rows);

    ImageShape shape() const override { return source_.shape(); }
    void read_rows(int y_begin, int y_end, float* out) override;

    /// The first rows, as long as none has been read.
    const Image& first_rows() const { return first_; }

private:
    RowSource& source_;
    Image first_;  ///< given back when its last row was read
};

}  // namespace sisr
