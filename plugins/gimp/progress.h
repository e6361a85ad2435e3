/// GIMP's own bar.
#pragma once

#include "host.h"

#include <chrono>
#include <string>

namespace sisr::gimp {

/// Its cancel button ends this process, which by then has changed nothing.
class ProgressBar {
public:
    /// parts: the sizes of what will be worked on, one after another.
    explicit ProgressBar(const std::vector<Size>& parts);
    ~ProgressBar();
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    /// The next part of the work.
    void begin_part(Size size);

    static gboolean report(gpointer self, gdouble fraction);

private:
    using Clock = std::chrono::steady_clock;

    void show_time_left(double fraction);

    Clock::time_point start_ = Clock::now();
    Clock::time_point last_text_ = start_;
    double all_pixels_ = 0;
    double done_pixels_ = 0;
    double part_pixels_ = 0;
};

/// "about 20 seconds".
std::string about(double seconds);

/// "about 20 seconds left", after so many seconds for this fraction of the work; empty as long as
/// nothing can be said.
std::string time_left(double seconds, double fraction);

}  // namespace sisr::gimp
