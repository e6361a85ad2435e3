/// Which directories of a TIFF file are pictures, and what they say of them.
#pragma once

#include "files/metadata/parts.h"
#include "files/metadata/tiff_directory.h"

#include <cstdint>
#include <istream>
#include <vector>

namespace sisr {

/// Positions of the directories that are pages: neither smaller copies of others nor their masks.
/// Where the chain of directories has none, of those that hang below it; if those have none either,
/// of the first.
std::vector<std::uint64_t> tiff_pages(TiffReader& reader);

/// What the directory says beside its pixels.
MetadataParts tiff_page_parts(std::istream& stream, std::uint64_t directory);

}  // namespace sisr
