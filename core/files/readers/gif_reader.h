/// GIFs, by giflib: OpenImageIO makes their transparency opaque black.
#pragma once

#include "files/readers/reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_gif(const std::filesystem::path& file, const MetadataParts& parts);

}  // namespace sisr
