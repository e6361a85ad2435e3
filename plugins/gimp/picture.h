/// Pixels of a layer as they were read, and whether they are still those.
#pragma once

#include "host.h"

namespace sisr::gimp {

/// A copy of its own, which no stroke of the user's brush changes while the network works.
struct Snapshot {
    BufferPtr pixels;
    std::string checksum;
};
Snapshot take_snapshot(Id layer);

/// Of a layer's pixels and their format.
std::string checksum_of(GeglBuffer* pixels);

}  // namespace sisr::gimp
