/// One picture on its way through a plan of strips.
#pragma once

#include "nn/strips/prepared_step.h"
#include "nn/strips/row_operations.h"
#include "nn/strips/strip_buffers.h"

#include <functional>

namespace sisr::nn {

class StripRun {
public:
    /// height, width: of the input, multiples of the program's alignment. strip_rows: of the input,
    /// at a time. What is given must stay.
    StripRun(const Program& program, const StripPlan& plan,
             const std::vector<PreparedStep>& prepared, std::int64_t height, std::int64_t width,
             std::int64_t strip_rows);

    /// Of the input, for the next strip: 0 when all have been given.
    std::int64_t rows_wanted() const;
    bool is_done() const { return schedule_.is_done(); }

    using OnShare = std::function<void(double share)>;
    /// Where rows of the result go, as float32.
    using Take = std::function<Rows(Span rows)>;

    /// given: the next rows_wanted() rows, float32. `take` is asked once, where there are rows of
    /// the result. on_share is told how much of the picture is done, from 0 to 1; what it throws
    /// ends the run.
    void strip(const Rows& given, const Take& take, const OnShare& on_share);

private:
    void tell(const PreparedStep& prepared, Span rows, Value value, const OnShare& on_share);
    void feed(const Rows& given, std::int64_t count);
    void yield(Span rows, const Take& take);
    void compute(const Step& step, const PreparedStep& prepared, Span rows, const Rows& to);
    void convolve(const Step& step, const PreparedStep& prepared, const Rows& to, Span rows);
    Rows input_of(const Step& step, std::size_t index, std::int64_t row) const;

    /// One for each operation that is no convolution.
    struct Apply;

    const Program& program_;
    const StripPlan& plan_;
    const std::vector<PreparedStep>& prepared_;
    std::int64_t height_;
    std::int64_t strip_rows_;
    std::int64_t given_ = 0;  ///< rows; beyond the picture's last one it counts on
    double all_work_ = 0;     ///< multiply-adds, per pixel of the input
    double done_ = 0;
    StripSchedule schedule_;
    StripBuffers buffers_;
};

}  // namespace sisr::nn
