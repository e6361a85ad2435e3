/// A curve over the steps of a run, drawn as inline SVG.
#pragma once

#include "record/report_log.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sisr::training {

struct Chart {
    std::string title;
    Series points{};                    ///< at least one
    std::optional<double> reference{};  ///< a dashed line, labelled "bicubic"
    std::int64_t last_step = 0;         ///< the axis goes from 0 to here
    bool may_be_logarithmic = false;    ///< if the values are positive and spread widely
    bool is_noisy = false;              ///< many points get a line through their means
};

/// A <figure> with title, last value and curve; its colours are the page's CSS variables.
std::string draw_chart(const Chart& chart);

/// At most `limit` points (an even number, 4 or more): the first and the last, and of each stretch
/// between them the lowest and the highest, so that no peak is lost.
Series thin_out(const Series& points, std::size_t limit);

}  // namespace sisr::training
