#include "surface.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace sisr::gimp {
namespace {

/// Green, which is most of what is seen as bright.
int green_at(const unsigned char* row, int x) { return row[4 * x + 1]; }

/// Sums of the differences above and to the left of each pixel, with a row and a column of zeros.
std::vector<std::int64_t> summed_differences(cairo_surface_t* surface, int width, int height) {
    const auto stride = static_cast<std::size_t>(width) + 1;
    std::vector<std::int64_t> sums(stride * (static_cast<std::size_t>(height) + 1));
    const unsigned char* pixels = cairo_image_surface_get_data(surface);
    const int row_bytes = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; ++y) {
        const unsigned char* row = pixels + static_cast<std::ptrdiff_t>(y) * row_bytes;
        const unsigned char* above = y == 0 ? row : row - row_bytes;
        std::int64_t line = 0;
        for (int x = 0; x < width; ++x) {
            line += std::abs(green_at(row, x) - green_at(above, x)) +
                    std::abs(green_at(row, x) - green_at(row, std::max(0, x - 1)));
            const std::size_t at = (static_cast<std::size_t>(y) + 1) * stride + x + 1;
            sums[at] = sums[at - stride] + line;
        }
    }
    return sums;
}

}  // namespace

SurfacePtr to_surface(GeglBuffer* buffer, const GeglRectangle& area, double scale) {
    SurfacePtr surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, area.width, area.height));
    if (cairo_surface_status(surface.get()) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
    cairo_surface_flush(surface.get());
    gegl_buffer_get(buffer, &area, scale, babl_format("cairo-ARGB32"),
                    cairo_image_surface_get_data(surface.get()),
                    cairo_image_surface_get_stride(surface.get()), GEGL_ABYSS_CLAMP);
    cairo_surface_mark_dirty(surface.get());
    return surface;
}

SurfacePtr to_enlarged_surface(GeglBuffer* buffer, const GeglRectangle& area, int width,
                               int height) {
    const BufferPtr part(gegl_buffer_new(&area, gegl_buffer_get_format(buffer)));
    gegl_buffer_copy(buffer, &area, GEGL_ABYSS_NONE, part.get(), nullptr);
    gegl_buffer_set_extent(part.get(), &area);
    const std::unique_ptr<GeglNode, Unref> graph(gegl_node_new());
    GeglNode* source = gegl_node_new_child(graph.get(), "operation", "gegl:buffer-source", "buffer",
                                           part.get(), nullptr);
    GeglNode* move = gegl_node_new_child(graph.get(), "operation", "gegl:translate", "x",
                                         -static_cast<double>(area.x), "y",
                                         -static_cast<double>(area.y), nullptr);
    GeglNode* scale = gegl_node_new_child(
        graph.get(), "operation", "gegl:scale-ratio", "x", static_cast<double>(width) / area.width,
        "y", static_cast<double>(height) / area.height, "sampler", GEGL_SAMPLER_CUBIC,
        "abyss-policy", GEGL_ABYSS_CLAMP, nullptr);
    gegl_node_link_many(source, move, scale, nullptr);
    SurfacePtr surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
    if (cairo_surface_status(surface.get()) != CAIRO_STATUS_SUCCESS) throw std::bad_alloc();
    cairo_surface_flush(surface.get());
    const GeglRectangle whole{0, 0, width, height};
    gegl_node_blit(scale, 1, &whole, babl_format("cairo-ARGB32"),
                   cairo_image_surface_get_data(surface.get()),
                   cairo_image_surface_get_stride(surface.get()), GEGL_BLIT_DEFAULT);
    cairo_surface_mark_dirty(surface.get());
    return surface;
}

Point most_detailed_place(cairo_surface_t* surface, int window) {
    const int width = cairo_image_surface_get_width(surface);
    const int height = cairo_image_surface_get_height(surface);
    const int across = std::min(window, width);
    const int down = std::min(window, height);
    const std::vector<std::int64_t> sums = summed_differences(surface, width, height);
    const auto sum_at = [&](int x, int y) {
        return sums[static_cast<std::size_t>(y) * (static_cast<std::size_t>(width) + 1) + x];
    };
    std::int64_t most = -1;
    Point place{width / 2.0, height / 2.0};
    for (int y = 0; y + down <= height; ++y) {
        for (int x = 0; x + across <= width; ++x) {
            const std::int64_t sum = sum_at(x + across, y + down) - sum_at(x, y + down) -
                                     sum_at(x + across, y) + sum_at(x, y);
            if (sum <= most) continue;
            most = sum;
            place = {x + across / 2.0, y + down / 2.0};
        }
    }
    return place;
}

}  // namespace sisr::gimp
