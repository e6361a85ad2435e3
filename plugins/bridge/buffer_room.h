/// Whether GEGL has room for a result.
#pragma once

#include <cstdint>
#include <gegl.h>
#include <string>

namespace sisr::bridge {

/// A sentence when the part of `area` that lies in `buffer` is more than GEGL's cache and its swap
/// folder's disk (or the memory, without one) can take, else empty. GEGL itself finds out when the
/// disk is full, and then the picture is lost and often the host.
std::string lack_of_room(GeglBuffer* buffer, const GeglRectangle& area);

/// The same for several buffers' bytes together, as the end of a sentence: "needs ...".
std::string lack_of_room(std::uint64_t bytes);

}  // namespace sisr::bridge
