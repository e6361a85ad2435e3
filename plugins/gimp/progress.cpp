#include "progress.h"

#include <algorithm>
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
    const auto* bar = static_cast<const ProgressBar*>(self);
    const double done = bar->done_pixels_ + fraction * bar->part_pixels_;
    gimp_progress_update(std::min(1.0, done / bar->all_pixels_));
    return TRUE;
}

}  // namespace sisr::gimp
