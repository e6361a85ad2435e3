/// Pixels for the screen.
#pragma once

#include "host.h"

#include <cairo.h>
#include <memory>

namespace sisr::gimp {

struct SurfaceDestroy {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
using SurfacePtr = std::unique_ptr<cairo_surface_t, SurfaceDestroy>;

/// What a buffer holds in `area`, which counts in pixels of the buffer reduced by `scale` (at most
/// 1). Reads no more than there is to see. Throws std::bad_alloc.
SurfacePtr to_surface(GeglBuffer* buffer, const GeglRectangle& area, double scale = 1);

/// The same for `area` of a buffer, enlarged to `width` x `height` by GEGL's cubic filter, as GIMP
/// scales. Throws std::bad_alloc.
SurfacePtr to_enlarged_surface(GeglBuffer* buffer, const GeglRectangle& area, int width,
                               int height);

struct Point {
    double x = 0;
    double y = 0;
};

/// The middle of the window of `window` x `window` pixels that has the largest differences from
/// pixel to pixel: where there is most to see. In pixels of the surface.
Point most_detailed_place(cairo_surface_t* surface, int window);

}  // namespace sisr::gimp
