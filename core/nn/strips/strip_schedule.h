/// When each row is computed, and how long it is kept: integers only.
#pragma once

#include "nn/program_facts.h"
#include "nn/strips/strip_plan.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace sisr::nn {

/// Goes through a picture strip by strip. Each row of each value is made once, as soon as its
/// inputs are there.
class StripSchedule {
public:
    /// height: of the input, a multiple of the program's alignment. program and plan must stay.
    StripSchedule(const Program& program, const StripPlan& plan, std::int64_t height);

    /// The input's rows up to `input_end` are there now. Beyond its last row it goes on: what lies
    /// below the picture is known a strip at a time, so that the last strip is no higher than
    /// others.
    void begin_strip(std::int64_t input_end);
    /// The rows of a step's result that can be made; counts them as made.
    Span advance(const Step& step);
    /// Drops what no later strip needs.
    void end_strip();

    /// The first row that a storage keeps: at the beginning -margin, for the zeros above the
    /// picture.
    std::int64_t base(std::size_t storage) const { return bases_[storage]; }
    /// Behind the last row that a storage holds, zeros below the picture included.
    std::int64_t end(std::size_t storage) const { return ends_[storage]; }
    std::int64_t made(Value value) const {
        return std::min(made_[static_cast<std::size_t>(value)], height_of(value));
    }
    std::int64_t height_of(Value value) const;
    bool is_done() const { return made(plan_->output) == height_of(plan_->output); }

private:
    bool has_rows(const Step& step, std::int64_t row) const;

    const Program* program_;
    const StripPlan* plan_;
    std::int64_t height_;
    std::vector<std::int64_t> made_;   ///< of each value, beyond its last row too
    std::vector<std::int64_t> bases_;  ///< of each storage
    std::vector<std::int64_t> ends_;   ///< likewise, as of the last end_strip()
};

/// What a run of strips needs of each storage.
struct StripRoom {
    std::vector<std::int64_t> rows;   ///< at once, zeros round the picture included
    std::vector<std::int64_t> kept;   ///< from one strip to the next
    std::vector<std::int64_t> fresh;  ///< new ones of a strip
};

StripRoom find_room(const Program& program, const StripPlan& plan, std::int64_t height,
                    std::int64_t strip_rows);

}  // namespace sisr::nn
