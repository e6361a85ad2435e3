#include "picture.h"

#include <algorithm>

namespace sisr::gimp {
namespace {

constexpr int kBandRows = 64;  // a tile's

struct ChecksumFree {
    void operator()(GChecksum* checksum) const { g_checksum_free(checksum); }
};

}  // namespace

Snapshot take_snapshot(Id layer) {
    const BufferPtr source = pixels_of(layer);
    const GeglRectangle extent = *gegl_buffer_get_extent(source.get());
    BufferPtr copy(gegl_buffer_new(&extent, gegl_buffer_get_format(source.get())));
    gegl_buffer_copy(source.get(), nullptr, GEGL_ABYSS_NONE, copy.get(), nullptr);
    std::string checksum = checksum_of(copy.get());
    return {std::move(copy), std::move(checksum)};
}

std::string checksum_of(GeglBuffer* pixels) {
    const GeglRectangle extent = *gegl_buffer_get_extent(pixels);
    const Babl* format = gegl_buffer_get_format(pixels);
    const std::unique_ptr<GChecksum, ChecksumFree> checksum(g_checksum_new(G_CHECKSUM_SHA1));
    g_checksum_update(checksum.get(), reinterpret_cast<const guchar*>(babl_get_name(format)), -1);
    const auto row_bytes = static_cast<std::size_t>(extent.width) *
                           static_cast<std::size_t>(babl_format_get_bytes_per_pixel(format));
    std::vector<guchar> band(row_bytes * kBandRows);
    for (int y = 0; y < extent.height; y += kBandRows) {
        const int rows = std::min(kBandRows, extent.height - y);
        const GeglRectangle area{extent.x, extent.y + y, extent.width, rows};
        gegl_buffer_get(pixels, &area, 1, format, band.data(), GEGL_AUTO_ROWSTRIDE,
                        GEGL_ABYSS_NONE);
        g_checksum_update(checksum.get(), band.data(),
                          static_cast<gssize>(row_bytes * static_cast<std::size_t>(rows)));
    }
    return g_checksum_get_string(checksum.get());
}

}  // namespace sisr::gimp
