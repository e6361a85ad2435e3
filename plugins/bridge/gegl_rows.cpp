#include "gegl_rows.h"

#include "address_space.h"

#include <string>

namespace sisr::bridge {
namespace {

// Beside the rows: for the tiles around them, and for what the host does with the result.
constexpr std::size_t kSpareBytes = std::size_t{64} << 20;

BablModelFlag flags_of(const Babl* format) {
    return babl_get_model_flags(babl_format_get_model(format));
}

/// In a space whose curve is a straight line "nonlinear" pixels are linear light.
bool has_linear_curve(const Babl* space) {
    const Babl* curve = nullptr;
    babl_space_get(space, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                   &curve, nullptr, nullptr);
    return curve != nullptr && curve == babl_trc("linear");
}

bool is_linear(const Babl* format) {
    const BablModelFlag flags = flags_of(format);
    if ((flags & BABL_MODEL_FLAG_PERCEPTUAL) != 0) return false;
    if ((flags & BABL_MODEL_FLAG_NONLINEAR) == 0) return true;
    return has_linear_curve(babl_format_get_space(format));
}

GeglRectangle band(const BufferRows& rows, int y_begin, int y_end) {
    return {rows.x, rows.y + y_begin, rows.width, y_end - y_begin};
}

int read_rows(void* user, int y_begin, int y_end, float* out) {
    const auto& rows = *static_cast<const BufferRows*>(user);
    const GeglRectangle area = band(rows, y_begin, y_end);
    gegl_buffer_get(rows.buffer, &area, 1.0, rows.format, out, GEGL_AUTO_ROWSTRIDE,
                    GEGL_ABYSS_NONE);
    return 0;
}

int write_rows(void* user, int y_begin, int y_end, const float* in) {
    auto& rows = *static_cast<BufferRows*>(user);
    const GeglRectangle area = band(rows, y_begin, y_end);
    const auto pixel_bytes = babl_format_get_bytes_per_pixel(gegl_buffer_get_format(rows.buffer));
    const auto bytes = static_cast<std::size_t>(pixel_bytes) *
                       static_cast<std::size_t>(area.width) * static_cast<std::size_t>(area.height);
    rows.lacks_memory = !has_address_space(bytes + kSpareBytes);
    if (rows.lacks_memory) return 1;
    gegl_buffer_set(rows.buffer, &area, 0, rows.format, in, GEGL_AUTO_ROWSTRIDE);
    return 0;
}

}  // namespace

const Babl* working_format(const Babl* source) {
    if (source == nullptr) source = babl_format("R'G'B'A float");
    const BablModelFlag flags = flags_of(source);
    const bool is_grey = (flags & BABL_MODEL_FLAG_GRAY) != 0;
    const bool is_known = is_grey || (flags & BABL_MODEL_FLAG_RGB) != 0;
    const Babl* space = babl_format_get_space(source);
    if (babl_space_is_cmyk(space) != 0) space = nullptr;

    std::string curve = "'";
    if (is_known && is_linear(source)) {
        curve = "";
    } else if ((flags & BABL_MODEL_FLAG_PERCEPTUAL) != 0) {
        curve = "~";
    }
    std::string model = "Y" + curve;
    if (!is_grey) model = "R" + curve + "G" + curve + "B" + curve;
    if (babl_format_has_alpha(source) != 0) model += "A";
    return babl_format_with_space((model + " float").c_str(), space);
}

sisr_image_shape shape_of(const Babl* format, int width, int height) {
    const BablModelFlag flags = flags_of(format);
    return {width, height, (flags & BABL_MODEL_FLAG_GRAY) != 0 ? 1 : 3,
            babl_format_has_alpha(format) != 0 ? 1 : 0,
            is_linear(format) ? SISR_ENCODING_LINEAR : SISR_ENCODING_DISPLAY};
}

sisr_source source_of(BufferRows& rows, int height) {
    return {shape_of(rows.format, rows.width, height), read_rows, &rows};
}

sisr_sink sink_of(BufferRows& rows) { return {write_rows, &rows}; }

}  // namespace sisr::bridge
