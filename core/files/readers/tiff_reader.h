/// TIFF files, by libtiff: OpenImageIO reads pages of less usual kinds wrongly.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_tiff(const std::filesystem::path& file,
                                      const MetadataParts& parts);

}  // namespace sisr
