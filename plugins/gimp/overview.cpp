#include "overview.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr int kSide = 110;         ///< on the screen, in its units
constexpr int kPictureSide = 220;  ///< that is read, which is sharp on fine screens too

}  // namespace

Overview::Overview(GeglBuffer* source, Chosen chosen)
    : extent_(*gegl_buffer_get_extent(source)),
      scale_(std::min(1.0,
                      static_cast<double>(kPictureSide) / std::max(extent_.width, extent_.height))),
      chosen_(std::move(chosen)) {
    const auto reduced = [&](double value) { return static_cast<gint>(value * scale_); };
    picture_ =
        to_surface(source,
                   {reduced(extent_.x), reduced(extent_.y), std::max(1, reduced(extent_.width)),
                    std::max(1, reduced(extent_.height))},
                   scale_);
    gtk_widget_set_size_request(area_, kSide, kSide);
    gtk_widget_add_events(area_, GDK_BUTTON_PRESS_MASK | GDK_BUTTON1_MOTION_MASK);
    gtk_widget_set_tooltip_text(area_, "Click where to look closer");
    connect_paint(
        area_,
        [](cairo_t* context, gpointer self) { static_cast<Overview*>(self)->paint(context); },
        this);
    g_signal_connect(area_, "button-press-event", G_CALLBACK(on_button), this);
    g_signal_connect(area_, "motion-notify-event", G_CALLBACK(on_motion), this);
}

void Overview::mark(const GeglRectangle& visible) {
    visible_ = visible;
    gtk_widget_queue_draw(area_);
}

Point Overview::detailed_place(double width, double height) const {
    const double window = std::max(1.0, std::min(width, height) * scale_);
    const Point place = most_detailed_place(picture_.get(), static_cast<int>(window));
    return {extent_.x + place.x / scale_, extent_.y + place.y / scale_};
}

void Overview::paint(cairo_t* context) const {
    const double unit = static_cast<double>(kSide) / std::max(extent_.width, extent_.height);
    cairo_save(context);
    cairo_scale(context, unit / scale_, unit / scale_);
    cairo_set_source_surface(context, picture_.get(), 0, 0);
    cairo_paint(context);
    cairo_restore(context);
    cairo_rectangle(context, (visible_.x - extent_.x) * unit, (visible_.y - extent_.y) * unit,
                    std::max(3.0, visible_.width * unit), std::max(3.0, visible_.height * unit));
    cairo_set_line_width(context, 3);
    cairo_set_source_rgb(context, 0, 0, 0);
    cairo_stroke_preserve(context);
    cairo_set_line_width(context, 1.5);
    cairo_set_source_rgb(context, 1, 0.8, 0);
    cairo_stroke(context);
}

void Overview::choose(double x, double y) {
    const double unit = static_cast<double>(kSide) / std::max(extent_.width, extent_.height);
    chosen_(extent_.x + x / unit, extent_.y + y / unit);
}

gboolean Overview::on_button(GtkWidget* /*widget*/, GdkEventButton* event, gpointer self) {
    if (event->button != 1) return FALSE;
    static_cast<Overview*>(self)->choose(event->x, event->y);
    return TRUE;
}

gboolean Overview::on_motion(GtkWidget* /*widget*/, GdkEventMotion* event, gpointer self) {
    static_cast<Overview*>(self)->choose(event->x, event->y);
    return TRUE;
}

}  // namespace sisr::gimp
