#include "record/report_chart.h"

#include "base/numbers.h"
#include "record/report_html.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

namespace sisr::training {
namespace {

// The drawing, in units that are pixels at its usual size.
constexpr int kWidth = 380;
constexpr int kHeight = 215;
constexpr int kLeft = 58;
constexpr int kRight = kWidth - 14;
constexpr int kTop = 10;
constexpr int kBottom = kHeight - 40;

constexpr std::size_t kMostPoints = 1500;
constexpr std::size_t kMostMarkers = 60;
constexpr std::size_t kLeastForMeans = 300;
constexpr std::size_t kMeans = 100;
constexpr double kLogarithmicRatio = 50;

struct Range {
    double low = 0;
    double high = 1;
};

struct Point {
    double x;
    double y;
};

struct Tick {
    double value;
    std::string label;
};

/// Values to places along one side of the drawing.
class Axis {
public:
    Axis(Range range, bool is_logarithmic, double begin, double end)
        : is_logarithmic_(is_logarithmic),
          low_(scaled(range.low)),
          high_(scaled(range.high)),
          begin_(begin),
          end_(end) {}

    double place(double value) const {
        return begin_ + (scaled(value) - low_) / (high_ - low_) * (end_ - begin_);
    }

private:
    double scaled(double value) const { return is_logarithmic_ ? std::log10(value) : value; }

    bool is_logarithmic_;
    double low_;
    double high_;
    double begin_;
    double end_;
};

std::string coordinate(double value) { return format_number(value, 1); }

Range value_range(const Chart& chart) {
    Range range{chart.points.begin()->second, chart.points.begin()->second};
    const auto include = [&range](double value) {
        range.low = std::min(range.low, value);
        range.high = std::max(range.high, value);
    };
    for (const auto& point : chart.points) include(point.second);
    if (chart.reference) include(*chart.reference);
    return range;
}

/// Of a positive range. (A quotient of its ends could overflow.)
double decades(const Range& range) { return std::log10(range.high) - std::log10(range.low); }

Range with_margin(const Range& range, bool is_logarithmic) {
    constexpr double kMargin = 0.06;
    if (is_logarithmic) {
        const double factor = std::pow(10, kMargin * decades(range));
        return {range.low / factor, range.high * factor};
    }
    // Rounding errors of a value that stays the same are not to fill the drawing.
    const double middle = std::fabs(range.low + range.high) / 2;
    const double least = middle > 0 ? 1e-3 * middle : 1;
    const double margin = std::max(kMargin * (range.high - range.low), least / 2);
    const bool stays_positive = range.low >= 0 && range.low < margin;
    return {stays_positive ? 0 : range.low - margin, range.high + margin};
}

/// The least of 1, 2 and 5 times a power of ten that is no less than `value`.
double round_up(double value) {
    const double power = std::pow(10, std::floor(std::log10(value)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= value * (1 - 1e-9)) return factor * power;
    }
    return 10 * power;
}

std::string value_label(double value, double distance) {
    const bool is_plain = distance >= 0.9e-4 && std::fabs(value) < 1e6;
    if (!is_plain) return format_brief(value, 4);
    return format_number(value,
                         static_cast<int>(std::max(0.0, std::ceil(-std::log10(distance) - 1e-9))));
}

std::vector<Tick> linear_ticks(const Range& range) {
    constexpr int kIntervals = 5;
    const double distance = round_up((range.high - range.low) / kIntervals);
    const double first = std::ceil(range.low / distance - 1e-9);
    std::vector<Tick> ticks;
    for (int i = 0; i <= kIntervals; ++i) {
        const double value = (first + i) * distance + 0.0;  // no "-0"
        if (value > range.high + 1e-9 * distance) break;
        ticks.push_back({value, value_label(value, distance)});
    }
    return ticks;
}

/// 1, 2 and 5 times powers of ten; only powers where these would be too many.
std::vector<Tick> logarithmic_ticks(const Range& range) {
    const bool is_fine = decades(range) <= 2.5;
    const int stride = is_fine ? 1 : static_cast<int>(std::ceil(decades(range) / 7));
    const int first = static_cast<int>(std::floor(std::log10(range.low)));
    const int last = static_cast<int>(std::ceil(std::log10(range.high)));
    const auto factors = is_fine ? std::vector<double>{1, 2, 5} : std::vector<double>{1};
    std::vector<Tick> ticks;
    for (int exponent = first; exponent <= last; exponent += stride) {
        for (const double factor : factors) {
            const double value = factor * std::pow(10, exponent);
            if (value < range.low || value > range.high) continue;
            ticks.push_back({value, format_brief(value, 4)});
        }
    }
    return ticks;
}

std::string step_label(double step) {
    if (step >= 1e6) return format_brief(step / 1e6, 4) + "M";
    if (step >= 1e3) return format_brief(step / 1e3, 4) + "k";
    return format_brief(step, 4);
}

std::vector<Tick> step_ticks(double last_step) {
    constexpr int kIntervals = 5;
    const double distance = std::max(1.0, round_up(last_step / kIntervals));
    std::vector<Tick> ticks;
    for (int i = 0; i <= kIntervals && i * distance <= last_step; ++i) {
        ticks.push_back({i * distance, step_label(i * distance)});
    }
    return ticks;
}

std::string line(const char* style, double x1, double y1, double x2, double y2) {
    return std::string("<line class=\"") + style + "\" x1=\"" + coordinate(x1) + "\" y1=\"" +
           coordinate(y1) + "\" x2=\"" + coordinate(x2) + "\" y2=\"" + coordinate(y2) + "\"/>\n";
}

std::string label(const char* style, double x, double y, const std::string& text) {
    return std::string("<text class=\"") + style + "\" x=\"" + coordinate(x) + "\" y=\"" +
           coordinate(y) + "\">" + escape_html(text) + "</text>\n";
}

std::string draw_axes(const std::vector<Tick>& step_marks, const std::vector<Tick>& value_marks,
                      const Axis& steps, const Axis& values) {
    std::string svg;
    for (const Tick& tick : value_marks) {
        const double y = values.place(tick.value);
        svg += line("grid", kLeft, y, kRight, y);
        svg += label("value-tick", kLeft - 6, y + 4, tick.label);
    }
    for (const Tick& tick : step_marks) {
        const double x = steps.place(tick.value);
        svg += line("axis", x, kBottom, x, kBottom + 4);
        svg += label("step-tick", x, kBottom + 17, tick.label);
    }
    svg += line("axis", kLeft, kBottom, kRight, kBottom);
    svg += label("step-tick", (kLeft + kRight) / 2.0, kHeight - 5, "step");
    return svg;
}

std::string draw_reference(double reference, const Axis& values) {
    constexpr double kLabelHeight = 16;
    const double y = values.place(reference);
    const double text_y = y - kLabelHeight < kTop ? y + kLabelHeight - 2 : y - 5;
    return line("reference", kLeft, y, kRight, y) +
           label("reference-label", kRight, text_y, "bicubic " + format_brief(reference));
}

std::string draw_path(const char* style, const std::vector<Point>& points) {
    std::string path;
    for (const Point& point : points) {
        path += path.empty() ? 'M' : 'L';
        path += coordinate(point.x) + " " + coordinate(point.y);
    }
    return std::string("<path class=\"") + style + "\" d=\"" + path + "\"/>\n";
}

/// Means over equal numbers of neighbours.
std::vector<std::pair<double, double>> means(const Series& points, std::size_t count) {
    std::vector<std::pair<double, double>> result;
    auto point = points.begin();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t size = points.size() * (i + 1) / count - points.size() * i / count;
        std::pair<double, double> mean{0, 0};
        for (std::size_t k = 0; k < size; ++k, ++point) {
            mean.first += static_cast<double>(point->first) / static_cast<double>(size);
            mean.second += point->second / static_cast<double>(size);
        }
        result.push_back(mean);
    }
    return result;
}

/// A marker with a tooltip at each point if they are few, else at the newest.
std::string draw_markers(const Series& points, const Axis& steps, const Axis& values) {
    std::string markers;
    const std::int64_t newest = points.rbegin()->first;
    for (const auto& [step, value] : points) {
        if (points.size() > kMostMarkers && step != newest) continue;
        markers += "<circle cx=\"" + coordinate(steps.place(static_cast<double>(step))) +
                   "\" cy=\"" + coordinate(values.place(value)) + "\" r=\"" +
                   (step == newest ? "3.5" : "2.2") + "\"><title>step " + format_step(step) + ": " +
                   format_brief(value) + "</title></circle>\n";
    }
    return markers;
}

bool shows_means(const Chart& chart) {
    return chart.is_noisy && chart.points.size() >= kLeastForMeans;
}

/// Many noisy points give a band that hides their course: a line through their means goes over it.
std::string draw_curve(const Chart& chart, const Axis& steps, const Axis& values) {
    std::vector<Point> curve;
    for (const auto& [step, value] : thin_out(chart.points, kMostPoints)) {
        curve.push_back({steps.place(static_cast<double>(step)), values.place(value)});
    }
    const std::string markers = draw_markers(chart.points, steps, values);
    if (!shows_means(chart)) return draw_path("curve", curve) + markers;
    std::vector<Point> smooth;
    for (const auto& [step, value] : means(chart.points, kMeans)) {
        smooth.push_back({steps.place(step), values.place(value)});
    }
    return draw_path("band", curve) + draw_path("curve", smooth) + markers;
}

std::string draw_note(bool is_logarithmic, bool has_means) {
    std::string note = is_logarithmic ? "logarithmic" : "";
    if (has_means) note += note.empty() ? "with means" : ", with means";
    return note.empty() ? note : label("note", kRight, kTop + 8, note);
}

std::string draw_svg(const Chart& chart) {
    const Range range = value_range(chart);
    const bool is_logarithmic =
        chart.may_be_logarithmic && range.low > 0 && range.high / range.low > kLogarithmicRatio;
    const Range shown = with_margin(range, is_logarithmic);
    const double last_step = std::max(1.0, static_cast<double>(chart.last_step));
    const Axis steps({0, last_step}, false, kLeft, kRight);
    const Axis values(shown, is_logarithmic, kBottom, kTop);
    std::string svg = "<svg viewBox=\"0 0 " + std::to_string(kWidth) + " " +
                      std::to_string(kHeight) + R"(" role="img" aria-label=")" +
                      escape_html(chart.title) + " over the steps\">\n";
    svg +=
        draw_axes(step_ticks(last_step),
                  is_logarithmic ? logarithmic_ticks(shown) : linear_ticks(shown), steps, values);
    if (chart.reference) svg += draw_reference(*chart.reference, values);
    svg += draw_curve(chart, steps, values);
    svg += draw_note(is_logarithmic, shows_means(chart));
    return svg + "</svg>\n";
}

}  // namespace

std::string draw_chart(const Chart& chart) {
    const auto& [step, value] = *chart.points.rbegin();
    return "<figure class=\"chart\">\n<figcaption><b>" + escape_html(chart.title) + "</b> <span>" +
           format_brief(value) + " at step " + format_step(step) + "</span></figcaption>\n" +
           draw_svg(chart) + "</figure>\n";
}

Series thin_out(const Series& points, std::size_t limit) {
    if (points.size() <= limit) return points;
    Series kept{*points.begin(), *points.rbegin()};
    const std::size_t stretches = limit / 2 - 1;
    const std::size_t inner = points.size() - 2;
    const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
    auto begin = std::next(points.begin());
    for (std::size_t i = 0; i < stretches; ++i) {
        const std::size_t count = inner * (i + 1) / stretches - inner * i / stretches;
        const auto end = std::next(begin, static_cast<std::ptrdiff_t>(count));
        if (count > 0) {
            const auto [lowest, highest] = std::minmax_element(begin, end, by_value);
            kept.insert({*lowest, *highest});
        }
        begin = end;
    }
    return kept;
}

}  // namespace sisr::training
