/// All formats that no other reader takes.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_by_openimageio(const std::filesystem::path& file,
                                                const MetadataParts& parts);

}  // namespace sisr
