/// WebP, by libwebp: OpenImageIO multiplies colours of 8 bits by their alpha.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_webp(const std::filesystem::path& file,
                                      const MetadataParts& parts);

}  // namespace sisr
