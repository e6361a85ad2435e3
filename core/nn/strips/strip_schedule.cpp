#include "nn/strips/strip_schedule.h"

#include <algorithm>
#include <limits>

namespace sisr::nn {
namespace {

// Rows that no picture has: a value that has them is whole.
constexpr std::int64_t kAll = std::int64_t{1} << 40;

}  // namespace

StripSchedule::StripSchedule(const Program& program, const StripPlan& plan, std::int64_t height)
    : program_(&program), plan_(&plan), height_(height), made_(program.layers.size(), 0) {
    for (const Storage& storage : plan.storages) bases_.push_back(-storage.margin);
    ends_.assign(plan.storages.size(), 0);
}

std::int64_t StripSchedule::height_of(Value value) const {
    const Resolution resolution = program_->at(value).resolution;
    return height_ * resolution.times / resolution.over;
}

void StripSchedule::begin_strip(std::int64_t input_end) {
    // A strip that holds the whole picture is the only one.
    made_[0] = made_[0] == 0 && input_end >= height_ ? kAll : input_end;
}

bool StripSchedule::has_rows(const Step& step, std::int64_t row) const {
    return std::all_of(step.reads.begin(), step.reads.end(), [&](const Read& read) {
        return rows_needed(program_->at(read.layer), read.index, row).end <=
               made_[static_cast<std::size_t>(read.value)];
    });
}

Span StripSchedule::advance(const Step& step) {
    std::int64_t& made = made_[static_cast<std::size_t>(step.result)];
    const std::int64_t height = height_of(step.result);
    const std::int64_t begin = std::min(made, height);
    if (made_[0] == kAll) made = kAll;
    while (made < kAll && has_rows(step, made)) ++made;
    return {begin, std::min(made, height)};
}

void StripSchedule::end_strip() {
    constexpr auto kNone = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> bases(bases_.size(), kNone);
    const auto keep = [&](Value value, std::int64_t row) {
        auto& base = bases[static_cast<std::size_t>(plan_->place(value).storage)];
        base = std::min(base, row);
    };
    for (const Step& step : plan_->steps) {
        if (made(step.result) == height_of(step.result)) continue;
        for (const Read& read : step.reads) {
            const auto rows = rows_needed(program_->at(read.layer), read.index, made(step.result));
            keep(read.value, rows.begin);
        }
    }
    for (Value v = 0; v < static_cast<Value>(made_.size()); ++v) {
        const Place& place = plan_->place(v);
        if (place.storage < 0) continue;
        keep(v, made(v));  // rows that come lie behind the first that is kept
        const auto storage = static_cast<std::size_t>(place.storage);
        const int below = made(v) == height_of(v) ? plan_->storages[storage].margin : 0;
        ends_[storage] = std::max(ends_[storage], made(v) + below);
    }
    for (std::size_t i = 0; i < bases.size(); ++i) {
        if (bases[i] != kNone) bases_[i] = std::max(bases_[i], bases[i]);
    }
}

StripRoom find_room(const Program& program, const StripPlan& plan, std::int64_t height,
                    std::int64_t strip_rows) {
    StripRoom room;
    const std::size_t count = plan.storages.size();
    room.rows.assign(count, 0);
    room.kept.assign(count, 0);
    room.fresh.assign(count, 0);
    StripSchedule schedule(program, plan, height);
    for (std::int64_t end = strip_rows; !schedule.is_done(); end += strip_rows) {
        const StripSchedule before = schedule;
        schedule.begin_strip(end);
        for (const Step& step : plan.steps) schedule.advance(step);
        schedule.end_strip();
        for (std::size_t i = 0; i < count; ++i) {
            room.rows[i] = std::max(room.rows[i], schedule.end(i) - before.base(i));
            room.kept[i] = std::max(room.kept[i], schedule.end(i) - schedule.base(i));
            room.fresh[i] = std::max(room.fresh[i], schedule.end(i) - before.end(i));
        }
    }
    return room;
}

}  // namespace sisr::nn
