/// The large view: what is seen of the picture, the line between before and after, and how both
/// are moved by mouse and keys.
#pragma once

#include "host.h"

#include <functional>

namespace sisr::gimp {

class Viewport {
public:
    /// Paint a rectangle of the source with a context in the source's pixels.
    using PaintSource = std::function<void(cairo_t* context, const GeglRectangle& visible)>;
    struct Callbacks {
        PaintSource before;
        PaintSource after;
        std::function<void()> moved;  ///< other pixels are visible now
    };

    Viewport(const GeglRectangle& extent, Callbacks callbacks);
    Viewport(const Viewport&) = delete;
    Viewport& operator=(const Viewport&) = delete;

    GtkWidget* widget() const { return area_; }

    /// So that this place of the source is in the middle, or as near as its borders let it.
    void look_at(double x, double y);
    /// 1: a pixel of the result is one of the screen.
    void set_zoom(int zoom);
    int zoom() const { return zoom_; }
    /// How many times larger each way the result is than the source.
    void set_enlargement(double across, double down);
    /// In source pixels, within the extent.
    GeglRectangle visible() const;
    void repaint() { gtk_widget_queue_draw(area_); }

private:
    enum class Drag { none, line, picture };

    double pixels_across() const;  ///< of the screen, for a source pixel
    double pixels_down() const;
    double width() const;  ///< of the view, in the screen's pixels
    double height() const;
    double origin_x() const;  ///< where the source's column 0 is, in the screen's pixels
    double origin_y() const;
    void keep_inside();
    void move_line(double fraction);
    void paint(cairo_t* context) const;
    void press(double x, double y);
    void drag(double x, double y);
    bool key(guint value, bool is_control);
    void show_cursor(double x);

    static gboolean on_button(GtkWidget* widget, GdkEventButton* event, gpointer self);
    static gboolean on_motion(GtkWidget* widget, GdkEventMotion* event, gpointer self);
    static gboolean on_scroll(GtkWidget* widget, GdkEventScroll* event, gpointer self);
    static gboolean on_key(GtkWidget* widget, GdkEventKey* event, gpointer self);
    static void on_resize(GtkWidget* widget, GdkRectangle* room, gpointer self);

    GtkWidget* area_ = gtk_drawing_area_new();
    GeglRectangle extent_;
    Callbacks callbacks_;
    double centre_x_;
    double centre_y_;
    double across_ = 1;
    double down_ = 1;
    int zoom_ = 1;
    double line_ = 0.5;  ///< between before and after, as a share of the view's width
    Drag drag_ = Drag::none;
    double last_x_ = 0;  ///< of the mouse while it drags
    double last_y_ = 0;
};

}  // namespace sisr::gimp
