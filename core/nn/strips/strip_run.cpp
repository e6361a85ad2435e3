#include "nn/strips/strip_run.h"

#include "nn/strips/parts.h"

#include <sisr/error.h>

#include <algorithm>
#include <optional>

namespace sisr::nn {
namespace {

// Rows for a thread to take at a time.
constexpr std::int64_t kGrainRows = 2;

template <class Work>
void each_row(std::int64_t count, const Work& work) {
    at::parallel_for(0, count, kGrainRows, [&work](std::int64_t first, std::int64_t last) {
        for (std::int64_t y = first; y < last; ++y) work(y);
    });
}

void sum(const std::vector<Term>& terms, const Rows& to, std::int64_t count) {
    for_parts(to.width, count, [&](const Part& part) {
        std::vector<Term> here = terms;
        for (Term& term : here) term.rows = part.of(term.rows);
        sum_rows(here, part.of(to), part.rows);
    });
}

}  // namespace

struct StripRun::Apply {
    const StripRun& run;
    const Step& step;
    const PreparedStep& prepared;
    Rows to;
    Span rows;

    std::int64_t count() const { return rows.end - rows.begin; }
    Rows input(std::size_t index, std::int64_t row) const { return run.input_of(step, index, row); }

    void operator()(const Activate& activate) const {
        const Rows from = input(0, rows.begin);
        for_parts(to.width, count(), [&](const Part& part) {
            activate_rows(part.of(from), part.of(to), part.rows, activate.kind, prepared.slopes);
        });
    }

    void operator()(const Affine& /*affine*/) const {
        const Rows from = input(0, rows.begin);
        for_parts(to.width, count(), [&](const Part& part) {
            affine_rows(part.of(from), part.of(to), part.rows, prepared.factor, prepared.offset);
        });
    }

    void operator()(const ChannelNorm& norm) const {
        const Rows from = input(0, rows.begin);
        for_parts(to.width, count(), [&](const Part& part) {
            normalise_rows(part.of(from), part.of(to), part.rows, norm.epsilon, prepared.factor,
                           prepared.offset);
        });
    }

    void operator()(const Sum& factors) const {
        sum({{input(0, rows.begin), factors.first}, {input(1, rows.begin), factors.second}}, to,
            count());
    }

    void operator()(const Product& /*product*/) const {
        const Rows a = input(0, rows.begin);
        const Rows b = input(1, rows.begin);
        for_parts(to.width, count(), [&](const Part& part) {
            multiply_rows(part.of(a), part.of(b), part.of(to), part.rows);
        });
    }

    /// Only what was not written there in the first place.
    void operator()(const Concat& /*concat*/) const {
        const Layer& layer = run.program_.at(step.layer);
        for (const std::size_t index : step.copied) {
            std::int64_t channel = 0;
            for (std::size_t i = 0; i < index; ++i) {
                channel += run.program_.at(layer.inputs[i]).channels;
            }
            const Rows from = input(index, rows.begin);
            Rows there = to;
            there.channels = from.channels;
            there.data = static_cast<char*>(to.data) + channel * to.element_bytes();
            for_parts(to.width, count(), [&](const Part& part) {
                copy_rows(part.of(from), part.of(there), part.rows);
            });
        }
    }

    /// It is its input's memory.
    void operator()(const Slice& /*slice*/) const {}

    void operator()(const PixelShuffle& shuffle) const {
        std::optional<Value> enlarged;
        if (step.enlarged >= 0) enlarged = run.program_.at(step.enlarged).inputs[0];
        each_row(count(), [&](std::int64_t y) {
            const std::int64_t row = rows.begin + y;
            const std::int64_t from = row / shuffle.factor;
            const Shuffled part{row % shuffle.factor, shuffle.factor, step.is_ordered};
            if (!enlarged) return shuffle_row(input(0, from), part, nullptr, to.from(y));
            const Rows added = run.buffers_.view(*enlarged, from);
            shuffle_row(input(0, from), part, &added, to.from(y));
        });
    }

    void operator()(const PixelUnshuffle& unshuffle) const {
        each_row(count(), [&](std::int64_t y) {
            const std::int64_t row = (rows.begin + y) * unshuffle.factor;
            unshuffle_row(input(0, row), to.from(y), unshuffle.factor);
        });
    }

    void operator()(const Enlarge& enlarge) const {
        const std::int64_t last =
            run.schedule_.height_of(run.program_.at(step.layer).inputs[0]) - 1;
        const int factor = enlarge.factor;
        each_row(count(), [&](std::int64_t y) {
            const std::int64_t row = rows.begin + y;
            if (enlarge.kind == Enlarge::Kind::nearest) {
                return enlarge_nearest_row(input(0, row / factor), to.from(y), factor);
            }
            const float at = std::max(
                0.0F, (static_cast<float>(row) + 0.5F) / static_cast<float>(factor) - 0.5F);
            const auto above = static_cast<std::int64_t>(at);
            enlarge_bilinear_row(input(0, above), input(0, std::min(above + 1, last)),
                                 at - static_cast<float>(above), to.from(y), factor);
        });
    }

    /// Those that are not local, or have a way of their own.
    template <class Other>
    void operator()(const Other& /*other*/) const {
        throw Error(ErrorKind::internal, "strips", "a layer cannot be computed in strips");
    }
};

StripRun::StripRun(const Program& program, const StripPlan& plan,
                   const std::vector<PreparedStep>& prepared, std::int64_t height,
                   std::int64_t width, std::int64_t strip_rows)
    : program_(program),
      plan_(plan),
      prepared_(prepared),
      height_(height),
      strip_rows_(strip_rows),
      schedule_(program, plan, height),
      buffers_(program, plan, find_room(program, plan, height, strip_rows), width) {
    for (const PreparedStep& step : prepared) all_work_ += step.work;
    all_work_ = std::max(all_work_, 1.0);
    buffers_.allocate();
}

std::int64_t StripRun::rows_wanted() const {
    return std::max<std::int64_t>(std::min(given_ + strip_rows_, height_) - given_, 0);
}

void StripRun::strip(const Rows& given, const Take& take, const OnShare& on_share) {
    const std::int64_t written = schedule_.made(plan_.output);
    schedule_.begin_strip(given_ + strip_rows_);
    std::vector<Span> spans;
    for (const Step& step : plan_.steps) spans.push_back(schedule_.advance(step));
    schedule_.end_strip();
    buffers_.open(-1);
    feed(given, rows_wanted());
    given_ += strip_rows_;
    buffers_.close(-1, schedule_);
    for (std::size_t i = 0; i < spans.size(); ++i) {
        const int number = static_cast<int>(i);
        buffers_.open(number);
        if (spans[i].end > spans[i].begin) {
            const Value result = plan_.steps[i].result;
            const bool is_last = plan_.writes_output && result == plan_.output;
            const Rows to = is_last ? take(spans[i]) : buffers_.view(result, spans[i].begin);
            compute(plan_.steps[i], prepared_[i], spans[i], to);
            tell(prepared_[i], spans[i], result, on_share);
        }
        buffers_.close(number, schedule_);
    }
    const int end = static_cast<int>(spans.size());
    buffers_.open(end);
    if (!plan_.writes_output) yield({written, schedule_.made(plan_.output)}, take);
    buffers_.close(end, schedule_);
    if (is_done()) on_share(1);
}

void StripRun::tell(const PreparedStep& prepared, Span rows, Value value, const OnShare& on_share) {
    if (prepared.work <= 0) return;
    done_ += prepared.work * static_cast<double>(rows.end - rows.begin) /
             static_cast<double>(schedule_.height_of(value));
    on_share(std::min(done_ / all_work_, 1.0));
}

void StripRun::feed(const Rows& given, std::int64_t count) {
    if (count <= 0) return;
    copy_rows(given, buffers_.view(0, given_), count);
    if (given_ + count == height_) buffers_.clear_below(0, height_);
}

void StripRun::yield(Span rows, const Take& take) {
    if (rows.end <= rows.begin) return;
    const Rows from = buffers_.view(plan_.output, rows.begin);
    const Rows to = take(rows);
    each_row(rows.end - rows.begin,
             [&](std::int64_t y) { copy_rows(from.from(y), to.from(y), 1); });
}

void StripRun::compute(const Step& step, const PreparedStep& prepared, Span rows, const Rows& to) {
    if (prepared.convolution) {
        convolve(step, prepared, to, rows);
    } else {
        std::visit(Apply{*this, step, prepared, to, rows}, program_.at(step.layer).operation);
    }
    const bool has_place = plan_.place(step.result).storage >= 0;
    if (has_place && rows.end == schedule_.height_of(step.result)) {
        buffers_.clear_below(step.result, rows.end);
    }
}

void StripRun::convolve(const Step& step, const PreparedStep& prepared, const Rows& to, Span rows) {
    const std::int64_t count = rows.end - rows.begin;
    std::vector<Term> terms;
    for (const Addend& addend : step.addends) {
        terms.push_back(
            {buffers_.view(addend.value, rows.begin), static_cast<float>(addend.factor)});
    }
    const bool is_there =
        terms.size() == 1 && terms[0].factor == 1 && terms[0].rows.data == to.data;
    if (!terms.empty() && !is_there) sum(terms, to, count);
    prepared.convolution->run(input_of(step, 0, rows.begin - prepared.reach), to, count);
}

Rows StripRun::input_of(const Step& step, std::size_t index, std::int64_t row) const {
    return buffers_.view(program_.at(step.layer).inputs[index], row);
}

}  // namespace sisr::nn
