/// A GeglBuffer as the rows that the core reads and writes.
#pragma once

#include <gegl.h>
#include <sisr/sisr.h>

namespace sisr::bridge {

/// See sisr_bridge_working_format.
const Babl* working_format(const Babl* source);

/// What `format`, a working format, means to the core.
sisr_image_shape shape_of(const Babl* format, int width, int height);

/// An area of a buffer and the format of its rows; upper left pixel at (x, y).
struct BufferRows {
    GeglBuffer* buffer;
    const Babl* format;
    int x;
    int y;
    int width;
    bool lacks_memory = false;  ///< why the sink has failed
};

/// sisr_source and sisr_sink over `rows`, which must outlive them. The sink fails before GEGL would
/// run out of memory, since that ends the process.
sisr_source source_of(BufferRows& rows, int height);
sisr_sink sink_of(BufferRows& rows);

}  // namespace sisr::bridge
