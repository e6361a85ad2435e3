/// Pictures in floating point, without NaN and Inf.
#pragma once

#include <sisr/rows.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sisr {

/// Gives a single value that is no number, or infinite, the mean of its neighbours' of the same
/// channel: renderers leave such ones behind, and in a network one spreads over all it reaches.
class FiniteRows final : public RowSource {
public:
    /// name: of the picture, for errors. The source must outlive this.
    FiniteRows(RowSource& source, std::string name);

    ImageShape shape() const override { return source_.shape(); }
    /// Throws Error{bad_image} where fewer than half of the neighbours are numbers.
    void read_rows(int y_begin, int y_end, float* out) override;

    /// What was repaired so far, the end of a line that begins with the name; empty: nothing.
    std::string note() const;

private:
    /// Rows as they came, around and among those that were asked for.
    struct Block;

    void repair(const Block& block, float* out);
    float repaired(const Block& block, int x, int y, int channel) const;

    RowSource& source_;
    std::string name_;
    std::vector<float> before_;  ///< the last row given out, as it came
    std::vector<float> ahead_;   ///< the next one, if it was needed already
    std::size_t repaired_ = 0;
    int first_x_ = 0;
    int first_y_ = 0;
};

}  // namespace sisr
