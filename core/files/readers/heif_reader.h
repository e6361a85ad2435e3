/// HEIC and AVIF, by libheif: OpenImageIO gives them 8 bits and loses what they tell besides.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_heif(const std::filesystem::path& file,
                                      const MetadataParts& parts);

}  // namespace sisr
