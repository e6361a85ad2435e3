#include "progress.h"

#include <algorithm>
#include <cmath>
#include <libgimp/gimp.h>

namespace sisr::gimp {
namespace {

double pixel_count(Size size) { return static_cast<double>(size.width) * size.height; }

}  // namespace

ProgressBar::ProgressBar(const std::vector<Size>& parts) {
    for (const Size size : parts) all_pixels_ += pixel_count(size);
    gimp_progress_init("Super-resolution");
}

ProgressBar::~ProgressBar() { gimp_progress_end(); }

void ProgressBar::begin_part(Size size) {
    done_pixels_ += part_pixels_;
    part_pixels_ = pixel_count(size);
}

gboolean ProgressBar::report(gpointer self, gdouble fraction) {
    auto* bar = static_cast<ProgressBar*>(self);
    const double done = bar->done_pixels_ + fraction * bar->part_pixels_;
    const double all = std::min(1.0, done / bar->all_pixels_);
    gimp_progress_update(all);
    bar->show_time_left(all);
    return TRUE;
}

void ProgressBar::show_time_left(double fraction) {
    constexpr std::chrono::seconds kBetweenTexts{1};
    const auto now = Clock::now();
    if (now - last_text_ < kBetweenTexts) return;
    last_text_ = now;
    const std::string left =
        time_left(std::chrono::duration<double>(now - start_).count(), fraction);
    const std::string percent = std::to_string(static_cast<int>(100 * fraction)) + " %";
    const std::string text = left.empty() ? percent : percent + ", " + left;
    gimp_progress_set_text(("Super-resolution: " + text).c_str());
}

std::string about(double seconds) {
    const auto text = [](double count, const char* unit) {
        const auto whole = std::max(1L, std::lround(count));
        return "about " + std::to_string(whole) + " " + unit + (whole == 1 ? "" : "s");
    };
    if (seconds < 60) return text(seconds, "second");
    return seconds < 5400 ? text(seconds / 60, "minute") : text(seconds / 3600, "hour");
}

std::string time_left(double seconds, double fraction) {
    constexpr double kLeastSeconds = 1;
    constexpr double kLeastFraction = 0.01;
    if (seconds < kLeastSeconds || fraction < kLeastFraction) return {};
    return about(seconds * (1 - fraction) / fraction) + " left";
}

}  // namespace sisr::gimp
