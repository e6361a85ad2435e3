#include "image/readers/openimageio_reader.h"

namespace sisr {

std::unique_ptr<FileReader> open_reader(const std::filesystem::path& file,
                                        const MetadataParts& parts) {
    return open_by_openimageio(file, parts);
}

}  // namespace sisr
