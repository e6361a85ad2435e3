#include "viewport.h"

#include <algorithm>
#include <cmath>
#include <gdk/gdkkeysyms.h>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr int kLeastWidth = 440;
constexpr int kLeastHeight = 330;
constexpr int kMostZoom = 8;
constexpr double kGrip = 8;      ///< units round the line in which it is taken
constexpr double kKeyMove = 40;  ///< units of the screen for an arrow key
constexpr double kKeyLine = 0.05;
constexpr double kCheckSide = 8;

/// What is transparent stands over a chequerboard.
void paint_chequerboard(cairo_t* context, double width, double height) {
    cairo_set_source_rgb(context, 0.6, 0.6, 0.6);
    cairo_paint(context);
    cairo_set_source_rgb(context, 0.4, 0.4, 0.4);
    for (int row = 0; row * kCheckSide < height; ++row) {
        for (int column = row % 2; column * kCheckSide < width; column += 2) {
            cairo_rectangle(context, column * kCheckSide, row * kCheckSide, kCheckSide, kCheckSide);
        }
    }
    cairo_fill(context);
}

double inside(double centre, double seen, double begin, double length) {
    if (seen >= length) return begin + length / 2;
    return std::clamp(centre, begin + seen / 2, begin + length - seen / 2);
}

}  // namespace

Viewport::Viewport(const GeglRectangle& extent, Callbacks callbacks)
    : extent_(extent),
      callbacks_(std::move(callbacks)),
      centre_x_(extent.x + extent.width / 2.0),
      centre_y_(extent.y + extent.height / 2.0) {
    gtk_widget_set_size_request(area_, kLeastWidth, kLeastHeight);
    gtk_widget_set_can_focus(area_, TRUE);
    gtk_widget_add_events(area_, GDK_BUTTON_PRESS_MASK | GDK_BUTTON_RELEASE_MASK |
                                     GDK_POINTER_MOTION_MASK | GDK_SCROLL_MASK |
                                     GDK_KEY_PRESS_MASK);
    connect_paint(
        area_,
        [](cairo_t* context, gpointer self) { static_cast<Viewport*>(self)->paint(context); },
        this);
    g_signal_connect(area_, "button-press-event", G_CALLBACK(on_button), this);
    g_signal_connect(area_, "button-release-event", G_CALLBACK(on_button), this);
    g_signal_connect(area_, "motion-notify-event", G_CALLBACK(on_motion), this);
    g_signal_connect(area_, "scroll-event", G_CALLBACK(on_scroll), this);
    g_signal_connect(area_, "key-press-event", G_CALLBACK(on_key), this);
    g_signal_connect(area_, "size-allocate", G_CALLBACK(on_resize), this);
}

double Viewport::pixels_across() const { return across_ * zoom_; }
double Viewport::pixels_down() const { return down_ * zoom_; }

double Viewport::width() const {
    GtkAllocation room;
    gtk_widget_get_allocation(area_, &room);
    return std::max(1, room.width * device_pixels(area_));
}

double Viewport::height() const {
    GtkAllocation room;
    gtk_widget_get_allocation(area_, &room);
    return std::max(1, room.height * device_pixels(area_));
}

// Whole pixels of the screen, so that those of the result stay as they are.
double Viewport::origin_x() const { return std::round(width() / 2 - centre_x_ * pixels_across()); }
double Viewport::origin_y() const { return std::round(height() / 2 - centre_y_ * pixels_down()); }

GeglRectangle Viewport::visible() const {
    const double left = -origin_x() / pixels_across();
    const double top = -origin_y() / pixels_down();
    const double right = left + width() / pixels_across();
    const double bottom = top + height() / pixels_down();
    const GeglRectangle seen{static_cast<gint>(std::floor(left)),
                             static_cast<gint>(std::floor(top)),
                             static_cast<gint>(std::ceil(right) - std::floor(left)),
                             static_cast<gint>(std::ceil(bottom) - std::floor(top))};
    GeglRectangle result{};
    gegl_rectangle_intersect(&result, &seen, &extent_);
    return result;
}

void Viewport::keep_inside() {
    centre_x_ = inside(centre_x_, width() / pixels_across(), extent_.x, extent_.width);
    centre_y_ = inside(centre_y_, height() / pixels_down(), extent_.y, extent_.height);
}

void Viewport::look_at(double x, double y) {
    centre_x_ = x;
    centre_y_ = y;
    keep_inside();
    repaint();
    callbacks_.moved();
}

void Viewport::set_zoom(int zoom) {
    zoom = std::clamp(zoom, 1, kMostZoom);
    if (zoom == zoom_) return;
    zoom_ = zoom;
    look_at(centre_x_, centre_y_);
}

void Viewport::set_enlargement(double across, double down) {
    if (across == across_ && down == down_) return;
    across_ = across;
    down_ = down;
    look_at(centre_x_, centre_y_);
}

void Viewport::move_line(double fraction) {
    line_ = std::clamp(fraction, 0.0, 1.0);
    repaint();
}

void Viewport::paint(cairo_t* context) const {
    const double unit = device_pixels(area_);
    const double line = std::round(line_ * width());
    cairo_scale(context, 1 / unit, 1 / unit);
    paint_chequerboard(context, width(), height());
    const GeglRectangle seen = visible();
    const auto paint_side = [&](double left, double right, const PaintSource& side) {
        cairo_save(context);
        cairo_rectangle(context, left, 0, right - left, height());
        cairo_clip(context);
        cairo_translate(context, origin_x(), origin_y());
        cairo_scale(context, pixels_across(), pixels_down());
        side(context, seen);
        cairo_restore(context);
    };
    paint_side(0, line, callbacks_.before);
    paint_side(line, width(), callbacks_.after);
    // Dark and light, to be seen on everything.
    for (const auto& [grey, wide] : {std::pair{0.0, 3 * unit}, std::pair{1.0, unit}}) {
        cairo_set_source_rgb(context, grey, grey, grey);
        cairo_set_line_width(context, wide);
        cairo_move_to(context, line, 0);
        cairo_line_to(context, line, height());
        cairo_stroke(context);
        if (!gtk_widget_has_focus(area_)) continue;
        cairo_rectangle(context, 0, 0, width(), height());
        cairo_stroke(context);
    }
}

void Viewport::press(double x, double y) {
    gtk_widget_grab_focus(area_);
    const double line = line_ * width() / device_pixels(area_);
    drag_ = std::abs(x - line) <= kGrip ? Drag::line : Drag::picture;
    last_x_ = x;
    last_y_ = y;
}

void Viewport::drag(double x, double y) {
    const double unit = device_pixels(area_);
    if (drag_ == Drag::line) move_line(x * unit / width());
    if (drag_ == Drag::picture) {
        look_at(centre_x_ - (x - last_x_) * unit / pixels_across(),
                centre_y_ - (y - last_y_) * unit / pixels_down());
    }
    last_x_ = x;
    last_y_ = y;
}

bool Viewport::key(guint value, bool is_control) {
    double across = 0;
    double down = 0;
    switch (value) {
        case GDK_KEY_Left: across = -1; break;
        case GDK_KEY_Right: across = 1; break;
        case GDK_KEY_Up: down = -1; break;
        case GDK_KEY_Down: down = 1; break;
        case GDK_KEY_plus:
        case GDK_KEY_KP_Add: set_zoom(zoom_ + 1); return true;
        case GDK_KEY_minus:
        case GDK_KEY_KP_Subtract: set_zoom(zoom_ - 1); return true;
        default: return false;
    }
    if (is_control) {
        move_line(line_ + across * kKeyLine);
    } else {
        look_at(centre_x_ + across * kKeyMove / pixels_across(),
                centre_y_ + down * kKeyMove / pixels_down());
    }
    return true;
}

void Viewport::show_cursor(double x) {
    const double line = line_ * width() / device_pixels(area_);
    const bool is_near =
        drag_ == Drag::line || (drag_ == Drag::none && std::abs(x - line) <= kGrip);
    GdkCursor* cursor = gdk_cursor_new_for_display(gtk_widget_get_display(area_),
                                                   is_near ? GDK_SB_H_DOUBLE_ARROW : GDK_FLEUR);
    gdk_window_set_cursor(gtk_widget_get_window(area_), cursor);
#if GTK_MAJOR_VERSION < 3
    gdk_cursor_unref(cursor);
#else
    g_object_unref(cursor);
#endif
}

gboolean Viewport::on_button(GtkWidget* /*widget*/, GdkEventButton* event, gpointer self) {
    auto* view = static_cast<Viewport*>(self);
    if (event->button != 1) return FALSE;
    if (event->type == GDK_BUTTON_PRESS) {
        view->press(event->x, event->y);
    } else if (event->type == GDK_BUTTON_RELEASE) {
        view->drag_ = Drag::none;
    }
    return TRUE;
}

gboolean Viewport::on_motion(GtkWidget* /*widget*/, GdkEventMotion* event, gpointer self) {
    auto* view = static_cast<Viewport*>(self);
    view->show_cursor(event->x);
    if (view->drag_ != Drag::none) view->drag(event->x, event->y);
    return TRUE;
}

gboolean Viewport::on_scroll(GtkWidget* /*widget*/, GdkEventScroll* event, gpointer self) {
    auto* view = static_cast<Viewport*>(self);
    if (event->direction == GDK_SCROLL_UP) view->set_zoom(view->zoom_ + 1);
    if (event->direction == GDK_SCROLL_DOWN) view->set_zoom(view->zoom_ - 1);
    return TRUE;
}

gboolean Viewport::on_key(GtkWidget* /*widget*/, GdkEventKey* event, gpointer self) {
    const bool is_control = (event->state & GDK_CONTROL_MASK) != 0;
    return static_cast<Viewport*>(self)->key(event->keyval, is_control) ? TRUE : FALSE;
}

void Viewport::on_resize(GtkWidget* /*widget*/, GdkRectangle* /*room*/, gpointer self) {
    auto* view = static_cast<Viewport*>(self);
    view->keep_inside();
    view->callbacks_.moved();
}

}  // namespace sisr::gimp
