#include "record/report.h"

#include "base/atomic_file.h"
#include "base/numbers.h"
#include "record/report_chart.h"
#include "record/report_html.h"
#include "record/report_log.h"

#include <sisr/error.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNotices = 20;
constexpr std::size_t kMostSamples = 8;  // of one crop

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1c2530; --quiet: #5f6b7a;
  --line: #e3e7ec; --axis: #9aa5b1; --curve: #1f6fd0; --reference: #b4521a; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14181d; --card: #1c2229; --text: #e6eaef; --quiet: #98a4b1; --line: #2c343d;
    --axis: #5d6875; --curve: #6aaeff; --reference: #f0a06a; --alarm: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { margin: 0; font-size: 26px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 32px 0 12px; font-size: 18px; }
h3 { margin: 20px 0 8px; font-size: 15px; }
p { margin: 6px 0; }
.quiet { color: var(--quiet); }
.charts { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); }
.strips { display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); }
figure { margin: 0; }
.chart, .table, .notices { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: 10px 12px; }
.chart figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 12px;
  overflow-wrap: anywhere; }
.chart span, .strips figcaption { color: var(--quiet); font-variant-numeric: tabular-nums; }
.strips figcaption { font-size: 13px; }
.strips img { display: block; max-width: 100%; border-radius: 4px; }
svg { display: block; width: 100%; height: auto; }
text { fill: var(--quiet); font-size: 11.5px; }
.value-tick, .reference-label, .note { text-anchor: end; }
.step-tick { text-anchor: middle; }
.grid { stroke: var(--line); }
.axis { stroke: var(--axis); }
.curve { fill: none; stroke: var(--curve); stroke-width: 1.8; stroke-linejoin: round; }
.band { fill: none; stroke: var(--curve); stroke-width: 1; stroke-opacity: .35; }
circle { fill: var(--curve); }
.reference { stroke: var(--reference); stroke-width: 1.4; stroke-dasharray: 6 4; }
.reference-label { fill: var(--reference); }
.reference-label, .note { stroke: var(--card); stroke-width: 3; paint-order: stroke; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 0; text-align: left; }
.notices ul { margin: 6px 0 0; padding-left: 20px; overflow-wrap: anywhere; }
.alarm { color: var(--alarm); font-weight: 600; }
)css";

std::string run_name(const fs::path& folder) {
    const fs::path path = fs::absolute(folder).lexically_normal();
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string section(const std::string& title, const std::string& content) {
    return "<section>\n<h2>" + escape_html(title) + "</h2>\n" + content + "</section>\n";
}

std::string quiet(const std::string& text) {
    return "<p class=\"quiet\">" + escape_html(text) + "</p>\n";
}

std::string summary(const LogContents& log, const std::string& name) {
    std::string text = "Step " + format_step(log.last_step);
    if (log.last_time > 0) {
        text += " \u00b7 " + format_time(log.first_time) + " to " + format_time(log.last_time) +
                " (" + format_duration(log.last_time - log.first_time) + ")";
    }
    if (log.resumes > 0) {
        text += " \u00b7 resumed " + std::to_string(log.resumes) +
                (log.resumes == 1 ? " time" : " times");
    }
    std::string html = "<h1>" + escape_html(name) + "</h1>\n" + quiet(text);
    if (!log.data.empty()) html += quiet("Training data: " + log.data);
    return html;
}

bool is_loss(const std::string& metric) {
    static const std::set<std::string> kNoLosses{"rate", "steps_per_second", "waiting_share"};
    return kNoLosses.count(metric) == 0;
}

/// The losses first, then how the run goes.
std::vector<std::string> training_metrics(const LogContents& log) {
    std::vector<std::string> names;
    for (const auto& metric : log.training) names.push_back(metric.first);
    std::stable_partition(names.begin(), names.end(), is_loss);
    return names;
}

std::optional<double> bicubic(const LogContents& log, const std::string& metric) {
    const auto found = log.bicubic.find(metric);
    if (found == log.bicubic.end()) return std::nullopt;
    return found->second;
}

std::string charts(const std::string& figures) {
    if (figures.empty()) return quiet("Nothing yet.");
    return "<div class=\"charts\">\n" + figures + "</div>\n";
}

std::string validation_charts(const LogContents& log) {
    std::string figures;
    for (const auto& [name, points] : log.validation) {
        figures += draw_chart({name, points, bicubic(log, name), log.last_step});
    }
    return charts(figures);
}

std::string training_charts(const LogContents& log) {
    std::string figures;
    for (const std::string& name : training_metrics(log)) {
        Chart chart{name, log.training.at(name)};
        chart.last_step = log.last_step;
        chart.may_be_logarithmic = is_loss(name);
        chart.is_noisy = name != "rate";
        figures += draw_chart(chart);
    }
    return charts(figures);
}

std::string table_row(const char* group, const std::string& name, const Series& points,
                      const std::optional<double>& reference) {
    const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto [lowest, highest] = std::minmax_element(points.begin(), points.end(), by_value);
    const auto cell = [](const std::string& text) { return "<td>" + text + "</td>"; };
    const auto with_step = [&cell](const auto& point) {
        return cell(format_brief(point.second) + " <span class=\"quiet\">at " +
                    format_step(point.first) + "</span>");
    };
    return "<tr>" + cell(escape_html(name)) + cell(group) + with_step(*points.rbegin()) +
           with_step(*lowest) + with_step(*highest) +
           cell(reference ? format_brief(*reference) : "") + "</tr>\n";
}

std::string value_table(const LogContents& log) {
    std::string rows;
    for (const auto& [name, points] : log.validation) {
        rows += table_row("validation", name, points, bicubic(log, name));
    }
    for (const std::string& name : training_metrics(log)) {
        rows += table_row("training", name, log.training.at(name), std::nullopt);
    }
    if (rows.empty()) return quiet("Nothing yet.");
    return "<div class=\"table\"><table>\n<tr><th>Metric</th><th>Phase</th><th>Last</th>"
           "<th>Lowest</th><th>Highest</th><th>Bicubic</th></tr>\n" +
           rows + "</table></div>\n";
}

std::string notice_list(const std::vector<Notice>& notices) {
    const auto skipped = std::count_if(notices.begin(), notices.end(), [](const Notice& notice) {
        return notice.event == "skipped";
    });
    const auto warnings = static_cast<std::ptrdiff_t>(notices.size()) - skipped;
    const std::string counts = "Skipped steps: " + std::to_string(skipped) +
                               " \u00b7 warnings: " + std::to_string(warnings);
    if (notices.empty()) return quiet(counts);
    const std::size_t first = notices.size() - std::min(notices.size(), kMostNotices);
    std::string items;
    for (std::size_t i = first; i < notices.size(); ++i) {
        const Notice& notice = notices[i];
        items += "<li>step " + format_step(notice.step) + " <span class=\"quiet\">" +
                 format_time(notice.time) + "</span> " + escape_html(notice.event) +
                 (notice.text.empty() ? "" : ": " + escape_html(notice.text)) + "</li>\n";
    }
    return R"(<div class="notices"><span class="alarm">)" + counts + "</span>" +
           (first > 0 ? " (the last " + std::to_string(kMostNotices) + ")" : "") + "\n<ul>\n" +
           items + "</ul></div>\n";
}

/// The pictures of one crop by step.
using Pictures = std::map<std::int64_t, fs::path>;

std::map<int, Pictures> find_pictures(const fs::path& folder) {
    static const std::regex kName("step-([0-9]{1,18})-crop-([0-9]{1,6})\\.png");
    std::map<int, Pictures> crops;
    std::error_code error;  // a run without pictures has no folder
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::smatch parts;
        if (!std::regex_match(name, parts, kName)) continue;
        crops[*parse_number<int>(parts[2].str())][*parse_number<std::int64_t>(parts[1].str())] =
            entry->path();
    }
    return crops;
}

/// At equal distances, with the first and the newest.
Pictures choose(const Pictures& pictures, std::size_t count) {
    if (pictures.size() <= count) return pictures;
    Pictures chosen;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = (i * (pictures.size() - 1) + (count - 1) / 2) / (count - 1);
        chosen.insert(*std::next(pictures.begin(), static_cast<std::ptrdiff_t>(place)));
    }
    return chosen;
}

std::string strip(const fs::path& file, std::int64_t step) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const std::string caption = "step " + format_step(step);
    const std::string picture = bytes.empty()
                                    ? "cannot be read: "
                                    : "<img alt=\"input, result and truth at " + caption +
                                          "\" src=\"data:image/png;base64," + base64(bytes) + "\">";
    return "<figure>" + picture + "<figcaption>" + caption + "</figcaption></figure>\n";
}

std::string samples(const fs::path& folder) {
    std::string html;
    for (const auto& [crop, pictures] : find_pictures(folder)) {
        html += "<h3>Crop " + std::to_string(crop) + "</h3>\n<div class=\"strips\">\n";
        for (const auto& [step, file] : choose(pictures, kMostSamples)) html += strip(file, step);
        html += "</div>\n";
    }
    if (html.empty()) return quiet("None yet.");
    return quiet("Each strip: input, result, truth.") + html;
}

std::string page(const LogContents& log, const fs::path& run_folder) {
    const std::string name = run_name(run_folder);
    // The policy keeps the page to itself, whatever a log may hold.
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
           "img-src data:; style-src 'unsafe-inline'\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
           escape_html(name) + "</title>\n<style>" + kStyle +
           "</style>\n</head>\n<body>\n<main>\n" + summary(log, name) +
           section("Validation", validation_charts(log)) +
           section("Training", training_charts(log)) + section("Values", value_table(log)) +
           section("Skipped steps and warnings", notice_list(log.notices)) +
           section("Samples", samples(run_folder / "samples")) + "</main>\n</body>\n</html>\n";
}

}  // namespace

void write_report(const fs::path& run_folder) {
    const std::string html = page(read_log(run_folder / "log.jsonl"), run_folder);
    const fs::path target = run_folder / "report.html";
    AtomicFile file(target);
    std::ofstream stream(file.temporary_path(), std::ios::binary);
    stream << html;
    stream.close();
    if (!stream) throw Error(ErrorKind::io, target.string(), "cannot be written");
    file.commit();
}

}  // namespace sisr::training
