/// GIMP's own bar.
#pragma once

#include "host.h"

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
    double all_pixels_ = 0;
    double done_pixels_ = 0;
    double part_pixels_ = 0;
};

}  // namespace sisr::gimp
