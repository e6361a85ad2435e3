/// The memory of a run of strips.
#pragma once

#include "nn/strips/rows.h"
#include "nn/strips/strip_schedule.h"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace sisr::nn {

/// Where each storage's rows are. A storage that keeps few rows lies, while it is at work, in
/// memory that others use before and after it, so that strips stay in the processor's caches; what
/// it keeps lies aside meanwhile. One that keeps many has memory of its own.
class StripBuffers {
public:
    /// width: of the input. The program and the plan must stay.
    StripBuffers(const Program& program, const StripPlan& plan, const StripRoom& room,
                 std::int64_t width);

    std::size_t bytes() const { return bytes_; }

    /// Before the first use.
    void allocate();

    /// Before step number `step` of a strip (-1: the input), and after it. new_bases: the first
    /// rows that are kept behind the strip.
    void open(int step);
    void close(int step, const StripSchedule& after);

    /// A value's rows from row `row` on, while it is open.
    Rows view(Value value, std::int64_t row) const;

    /// Zeros below the last row, which convolutions read.
    void clear_below(Value value, std::int64_t height) const;

private:
    struct Free {
        void operator()(char* bytes) const { std::free(bytes); }
    };
    /// Zeros, which take no memory until they are written.
    using Bytes = std::unique_ptr<char, Free>;

    struct Memory {
        std::size_t row_elements = 0;
        std::size_t element_bytes = 4;
        std::int64_t width = 0;
        bool is_shared = false;
        std::size_t offset = 0;      ///< bytes in the shared memory
        std::int64_t capacity = 0;   ///< rows
        std::int64_t first_row = 0;  ///< that the memory begins with
        std::int64_t kept = 0;       ///< rows aside, from first_row on
        std::int64_t fresh = 0;      ///< rows that a strip adds at most
        int opens = 0;               ///< steps
        int closes = 0;
        std::size_t own_bytes = 0;
        Bytes own;  ///< all rows, or those aside
    };

    void find_uses();
    void place_shared();
    char* data(const Memory& memory) const;
    void clear_margins(const Memory& memory, const Storage& storage) const;

    const Program& program_;
    const StripPlan& plan_;
    std::vector<Memory> memories_;
    std::size_t shared_bytes_[2] = {0, 0};
    Bytes shared_[2];  ///< of float32, of bf16: what is stale is finite in either
    std::size_t bytes_ = 0;
};

}  // namespace sisr::nn
