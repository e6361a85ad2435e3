#include "record/report.h"
#include "record/report_chart.h"
#include "record/report_html.h"

#include "degradation/codec.h"
#include "record/run_log.h"
#include "support/images.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <tuple>
#include <vector>

namespace sisr::test {
namespace {

using namespace sisr::training;

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

/// The <figure> of a metric's chart.
std::string chart_of(const std::string& html, const std::string& metric) {
    const std::size_t title = html.find("<b>" + metric + "</b>");
    if (title == std::string::npos) return {};
    const std::size_t begin = html.rfind("<figure", title);
    return html.substr(begin, html.find("</figure>", title) - begin);
}

class ReportTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(run_ / "samples");
        RunLog log(run_ / "log.jsonl");
        log.write("start", 0, {}, {{"data", "3 <images>"}});
        log.write("bicubic", 0, {{"psnr_y", 26.125}, {"ssim_y", 0.75}});
        write_steps(log, 100, 4000, 0);
        log.write("skipped", 4050, {});
        log.write("warning", 4060, {}, {{"text", "loss is \"large\" & <growing>"}});
        log.write("train", 4100, {{"pixel", NAN}});
        log.write("resume", 0, {}, {{"data", "3 <images>"}});
        write_steps(log, 3100, 6000, 1);
        std::ofstream(run_ / "log.jsonl", std::ios::app) << R"({"event":"train","step":61)";
        for (int crop = 0; crop < 2; ++crop) {
            for (int step = 500; step <= 6000; step += 500) write_sample(step, crop);
        }
    }

    /// `shift` tells apart what was written before and after the resumption.
    static void write_steps(RunLog& log, int first, int last, double shift) {
        for (int step = first; step <= last; step += 100) {
            log.write("train", step,
                      {{"pixel", 0.02 + std::exp(-step / 1500.0) + shift},
                       {"adversarial", 2 * std::exp(-step / 1000.0)},
                       {"real<fake", 0.5 + 0.1 * std::sin(step)},
                       {"rate", 1e-4},
                       {"steps_per_second", 5 + std::sin(step)},
                       {"waiting_share", 0.001}});
            if (step % 500 != 0) continue;
            log.write("validation", step,
                      {{"psnr_y", 28 - 3 * std::exp(-step / 1500.0)}, {"ssim_y", 0.8}});
        }
    }

    void write_sample(int step, int crop) const {
        char name[64];
        std::snprintf(name, sizeof name, "step-%09d-crop-%d.png", step, crop);
        const auto png = encode_png(random_rgb(48, 16, static_cast<unsigned>(step + crop)));
        write_bytes(run_ / "samples" / name, {png.begin(), png.end()});
    }

    std::string report() const {
        write_report(run_.path());
        return read_bytes(run_ / "report.html");
    }

    TempDir run_;
};

TEST_F(ReportTest, EachMetricHasItsChart) {
    const std::string html = report();
    for (const char* metric : {"psnr_y", "ssim_y", "pixel", "adversarial", "real&lt;fake", "rate",
                               "steps_per_second", "waiting_share"}) {
        const std::string chart = chart_of(html, metric);
        EXPECT_NE(chart.find("<path class=\"curve\" d=\"M"), std::string::npos) << metric;
        EXPECT_NE(chart.find(" at step 6,000"), std::string::npos) << metric;
        EXPECT_GE(count(chart, "class=\"step-tick\""), 5U) << metric;
        EXPECT_GE(count(chart, "class=\"value-tick\""), 2U) << metric;
        EXPECT_EQ(count(html, "<tr><td>" + std::string(metric) + "</td>"), 1U) << metric;
        EXPECT_EQ(chart.find("nan"), std::string::npos) << metric;
    }
    EXPECT_EQ(count(html, "<svg"), 8U);
    EXPECT_EQ(count(html, "class=\"reference\""), 2U);
    EXPECT_NE(chart_of(html, "psnr_y").find("bicubic 26.125"), std::string::npos);
    EXPECT_NE(chart_of(html, "ssim_y").find("bicubic 0.75"), std::string::npos);
    EXPECT_NE(chart_of(html, "adversarial").find("logarithmic"), std::string::npos);
    EXPECT_EQ(count(html, ">logarithmic"), 1U);
}

TEST_F(ReportTest, TheLaterEntryOfAStepCounts) {
    const std::string chart = chart_of(report(), "pixel");
    EXPECT_EQ(count(chart, "<circle"), 60U);  // steps 100 to 6000
    EXPECT_NE(chart.find("step 3,000: 0.15534"), std::string::npos);
    EXPECT_NE(chart.find("step 3,100: 1.1466"), std::string::npos);
    EXPECT_NE(chart.find("step 4,000: 1.0895"), std::string::npos);
    EXPECT_EQ(count(chart, "step 4,000:"), 1U);
}

TEST_F(ReportTest, NoticesAreListedAndTextIsEscaped) {
    const std::string html = report();
    EXPECT_NE(html.find("Skipped steps: 1 \u00b7 warnings: 1"), std::string::npos);
    EXPECT_NE(html.find("loss is &quot;large&quot; &amp; &lt;growing&gt;"), std::string::npos);
    EXPECT_NE(html.find("3 &lt;images&gt;"), std::string::npos);
    for (const char* raw : {"real<fake", "<images>", "<growing>"}) {
        EXPECT_EQ(html.find(raw), std::string::npos) << raw;
    }
}

TEST_F(ReportTest, OnlyTheLastNoticesAreListed) {
    RunLog log(run_ / "other.jsonl");
    for (int step = 1; step <= 50; ++step) log.write("skipped", step, {});
    std::filesystem::rename(run_ / "other.jsonl", run_ / "log.jsonl");
    const std::string html = report();
    EXPECT_NE(html.find("Skipped steps: 50"), std::string::npos);
    EXPECT_EQ(count(html, "<li>"), 20U);
    EXPECT_NE(html.find("<li>step 31 "), std::string::npos);
    EXPECT_NE(html.find("<li>step 50 "), std::string::npos);
}

TEST_F(ReportTest, PicturesAreEmbedded) {
    const std::string html = report();
    EXPECT_EQ(count(html, "src=\"data:image/png;base64,"), 16U);  // 8 of each crop
    for (const char* name : {"step-000000500-crop-0.png", "step-000006000-crop-1.png"}) {
        const std::string png = read_bytes(run_ / "samples" / name);
        EXPECT_NE(html.find("base64," + base64(png) + "\""), std::string::npos) << name;
    }
    EXPECT_EQ(count(html, "<figcaption>step 500<"), 2U);
    EXPECT_EQ(count(html, "<figcaption>step 6,000<"), 2U);
}

TEST_F(ReportTest, NothingIsLoadedFromElsewhere) {
    const std::string html = report();
    for (const char* part : {"http:", "https:", "<script", "<link", "url(", "@import", "src=\"/"}) {
        EXPECT_EQ(html.find(part), std::string::npos) << part;
    }
}

TEST_F(ReportTest, ARunThatHasJustBegunHasAReport) {
    std::filesystem::remove_all(run_ / "samples");
    write_bytes(run_ / "log.jsonl", "");
    EXPECT_NE(report().find("Nothing yet."), std::string::npos);
    RunLog(run_ / "log.jsonl").write("train", 100, {{"pixel", 0}});
    EXPECT_NE(chart_of(report(), "pixel").find("0 at step 100"), std::string::npos);
    write_bytes(run_ / "log.jsonl", "[1]\nnull\n{}\n{\"event\":1,\"step\":2,\"time\":3}\n\xff\n");
    EXPECT_NE(report().find("Nothing yet."), std::string::npos);
}

TEST_F(ReportTest, WhatCannotBeReadOrWrittenIsAnIoError) {
    const auto kind = [](const std::filesystem::path& folder) {
        try {
            write_report(folder);
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::internal;
    };
    EXPECT_EQ(kind(run_ / "missing"), ErrorKind::io);
    std::filesystem::create_directory(run_ / "report.html");
    EXPECT_EQ(kind(run_.path()), ErrorKind::io);
    std::filesystem::remove(run_ / "log.jsonl");
    std::filesystem::create_directory(run_ / "log.jsonl");
    EXPECT_EQ(kind(run_.path()), ErrorKind::io);
    EXPECT_EQ(count_entries(run_.path()), 3U);  // nothing temporary is left
}

TEST(ReportChartTest, ThinningKeepsEndsAndExtremes) {
    Series points;
    for (int step = 0; step < 100'000; ++step) points[step] = std::sin(0.01 * step);
    points[12'345] = 50;
    points[77'777] = -50;
    const Series thin = thin_out(points, 1500);
    EXPECT_LE(thin.size(), 1500U);
    EXPECT_GE(thin.size(), 1000U);
    for (const int step : {0, 12'345, 77'777, 99'999}) EXPECT_EQ(thin.count(step), 1U) << step;
    for (const auto& [step, value] : thin) EXPECT_EQ(points.at(step), value);
    EXPECT_EQ(thin_out(thin, 1500), thin);
}

TEST(ReportChartTest, OddValuesAreDrawnWithinTheFrame) {
    const std::vector<Series> odd{{{0, 0.0}},
                                  {{5, -3.0}},
                                  {{1, 7.5}, {2, 7.5}},
                                  {{1, 1e-300}, {1'000'000'000'000, 1e30}},
                                  {{1, -1e38}, {2, 1e38}},
                                  {{1, 1.0}, {2, 1.0 + 1e-15}}};
    for (const Series& points : odd) {
        Chart chart{"odd", points};
        chart.last_step = points.rbegin()->first;
        chart.may_be_logarithmic = true;
        const std::string svg = draw_chart(chart);
        EXPECT_EQ(svg.find("nan"), std::string::npos) << svg;
        EXPECT_EQ(svg.find("inf"), std::string::npos) << svg;
        EXPECT_LE(count(svg, "-tick\""), 20U) << svg;
        EXPECT_LE(svg.size(), 6000U);
    }
}

TEST(ReportHtmlTest, TextNumbersAndBytes) {
    EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>"),
              "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    EXPECT_EQ(format_brief(0.00032), "0.00032");
    EXPECT_EQ(format_brief(-2.5e-7), "-2.5e-7");
    EXPECT_EQ(format_brief(1e12), "1e12");
    EXPECT_EQ(format_brief(31.23456), "31.235");
    EXPECT_EQ(format_step(0), "0");
    EXPECT_EQ(format_step(999), "999");
    EXPECT_EQ(format_step(1'234'567), "1,234,567");
    EXPECT_EQ(format_time(1795510862), "2026-11-24 09:01 UTC");
    EXPECT_EQ(format_duration(11'100), "3 h 05 min");
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("\xff\xfe\xfd\xfc"), "//79/A==");
}

TEST_F(ReportTest, ABrowserShowsCurvesAndPictures) {
    const std::string browser = "/usr/bin/chromium";
    if (!std::filesystem::exists(browser)) {
        GTEST_SKIP() << browser << " is not there; apt-get install chromium";
    }
    const auto shot = run_ / "screenshot.png";
    const auto open = [&](const std::string& page) {
        return run_command({browser, "--headless", "--no-sandbox", "--disable-gpu",
                            "--hide-scrollbars", "--disable-dev-shm-usage",
                            "--disable-background-networking",
                            "--blink-settings=preferredColorScheme=1",
                            "--user-data-dir=" + (run_ / "profile").string(),
                            "--screenshot=" + shot.string(), "--window-size=1200,2000", page});
    };
    if (open("about:blank").exit_code != 0 || !std::filesystem::exists(shot)) {
        GTEST_SKIP() << browser << " does not start here, not even with an empty page";
    }
    std::filesystem::remove(shot);
    write_report(run_.path());
    const CommandResult result = open("file://" + (run_ / "report.html").string());
    ASSERT_EQ(result.exit_code, 0) << result.err;

    const Image screen = read_image(shot);
    ASSERT_GE(screen.width(), 1000);  // newer browsers count a frame
    ASSERT_GE(screen.height(), 1500);
    std::set<std::tuple<int, int, int>> colours;
    int dark = 0;
    int blue = 0;
    int brown = 0;
    for (int y = 0; y < screen.height(); ++y) {
        for (int x = 0; x < screen.width(); ++x) {
            const auto level = [&](int c) {
                return static_cast<int>(std::lround(255 * screen.at(x, y, c)));
            };
            const std::tuple colour{level(0), level(1), level(2)};
            colours.insert(colour);
            dark += level(0) < 60 && level(1) < 60 && level(2) < 70 ? 1 : 0;
            blue += colour == std::tuple{0x1f, 0x6f, 0xd0} ? 1 : 0;
            brown += level(0) > 150 && level(1) < 140 && level(2) < 90 ? 1 : 0;
        }
    }
    EXPECT_GT(colours.size(), 2000U);  // the noise of the pictures
    EXPECT_GT(dark, 1000);             // text
    EXPECT_GT(blue, 1000);             // curves
    EXPECT_GT(brown, 200);             // bicubic's dashes
}

}  // namespace
}  // namespace sisr::test
