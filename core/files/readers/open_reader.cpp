#include "base/ascii.h"
#include "files/heif.h"
#include "files/metadata/tiff_directory.h"
#include "files/readers/bmp_reader.h"
#include "files/readers/gif_reader.h"
#include "files/readers/heif_reader.h"
#include "files/readers/openimageio_reader.h"
#include "files/readers/psd_reader.h"
#include "files/readers/tiff_reader.h"
#include "files/readers/webp_reader.h"

#include <sisr/error.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace sisr {
namespace {

using Open = std::unique_ptr<FileReader> (*)(const std::filesystem::path&, const MetadataParts&);

/// Cameras' raw files are TIFF files whose pixels mean something else.
bool may_be_raw(const std::filesystem::path& file) {
    constexpr std::uint16_t kDngVersion = 50706;
    std::ifstream stream(file, std::ios::binary);
    TiffReader reader(stream);
    if (reader.directory(reader.first_directory()).find(kDngVersion) != nullptr) return true;
    const std::string extension = lower_extension(file);
    const auto map = OIIO::get_extension_map();
    const auto raw = map.find("raw");
    return extension.size() > 1 && raw != map.end() &&
           std::find(raw->second.begin(), raw->second.end(), extension.substr(1)) !=
               raw->second.end();
}

std::unique_ptr<FileReader> open_tiff_or_raw(const std::filesystem::path& file,
                                             const MetadataParts& parts) {
    if (!may_be_raw(file)) return open_tiff(file, parts);
    try {
        auto reader = open_by_openimageio(file, parts);
        if (reader->format() == "raw") return reader;
    } catch (const Error&) {
        // A TIFF file by another's name, perhaps.
    }
    return open_tiff(file, parts);
}

struct Kind {
    std::string_view begin;   ///< a file's first bytes
    std::string_view behind;  ///< those after eight; empty: any
    Open open;
};

// Everything else is OpenImageIO's.
constexpr Kind kKinds[] = {
    {"BM", "", open_bmp},
    {"GIF8", "", open_gif},
    {"8BPS", "", open_psd},
    {{"II*\0", 4}, "", open_tiff_or_raw},
    {{"MM\0*", 4}, "", open_tiff_or_raw},
    {{"II+\0", 4}, "", open_tiff_or_raw},
    {{"MM\0+", 4}, "", open_tiff_or_raw},
    {"RIFF", "WEBP", open_webp},
};

}  // namespace

std::unique_ptr<FileReader> open_reader(const std::filesystem::path& file,
                                        const MetadataParts& parts) {
    constexpr std::size_t kHeadBytes = 12;
    constexpr std::size_t kBehindAt = 8;
    std::ifstream stream(file, std::ios::binary);
    std::string head(kHeadBytes, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    for (const Kind& kind : kKinds) {
        const bool is_it = head.compare(0, kind.begin.size(), kind.begin) == 0 &&
                           head.compare(kBehindAt, kind.behind.size(), kind.behind) == 0;
        if (is_it) return kind.open(file, parts);
    }
    if (begins_as_heif(head)) return open_heif(file, parts);
    return open_by_openimageio(file, parts);
}

}  // namespace sisr
