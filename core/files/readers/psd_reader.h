/// Photoshop's files, as far as their merged picture goes: OpenImageIO takes stored inks for their
/// opposite, knows no L*a*b*, and needs to understand all layers.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

/// Throws Error{unsupported} for files without a merged picture.
std::unique_ptr<FileReader> open_psd(const std::filesystem::path& file, const MetadataParts& parts);

}  // namespace sisr
