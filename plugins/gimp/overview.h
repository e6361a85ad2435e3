/// The whole layer, small, with a frame round what the large view shows.
#pragma once

#include "surface.h"

#include <functional>

namespace sisr::gimp {

class Overview {
public:
    using Chosen = std::function<void(double x, double y)>;  ///< a place of the source

    /// Reads the layer at the size that it is shown in.
    Overview(GeglBuffer* source, Chosen chosen);
    Overview(const Overview&) = delete;
    Overview& operator=(const Overview&) = delete;

    GtkWidget* widget() const { return area_; }
    void mark(const GeglRectangle& visible);
    /// Where a view of `width` x `height` source pixels has most to show.
    Point detailed_place(double width, double height) const;

private:
    void paint(cairo_t* context) const;
    void choose(double x, double y);
    static gboolean on_button(GtkWidget* widget, GdkEventButton* event, gpointer self);
    static gboolean on_motion(GtkWidget* widget, GdkEventMotion* event, gpointer self);

    GtkWidget* area_ = gtk_drawing_area_new();
    GeglRectangle extent_;
    double scale_;  ///< pixels of the picture here for one of the source
    SurfacePtr picture_;
    GeglRectangle visible_{};
    Chosen chosen_;
};

}  // namespace sisr::gimp
