#include "files/metadata/tiff_pages.h"

#include "files/metadata/containers.h"
#include "files/metadata/exif.h"

#include <set>

namespace sisr {
namespace {

constexpr std::uint16_t kNewSubfileType = 0x00FE;
constexpr std::uint16_t kOldSubfileType = 0x00FF;
constexpr std::uint16_t kPhotometric = 0x0106;
constexpr std::uint16_t kSubDirectories = 0x014A;
constexpr std::uint16_t kXmp = 0x02BC;
constexpr std::uint16_t kIptc = 0x83BB;
constexpr std::uint16_t kPhotoshop = 0x8649;

bool is_page(TiffReader& reader, const TiffDirectory& directory) {
    constexpr std::uint64_t kReducedOrMask = 1 | 4;
    constexpr std::uint64_t kOldReduced = 2;
    constexpr std::uint64_t kMask = 4;
    const auto number = [&](std::uint16_t tag) {
        const TiffEntry* entry = directory.find(tag);
        return entry == nullptr ? 0 : reader.number(*entry);
    };
    return (number(kNewSubfileType) & kReducedOrMask) == 0 &&
           number(kOldSubfileType) != kOldReduced && number(kPhotometric) != kMask;
}

/// Of the chain that begins at a position.
void add_pages(TiffReader& reader, std::uint64_t at, std::vector<std::uint64_t>& pages) {
    std::set<std::uint64_t> seen;  // a chain may run in a circle
    while (at != 0 && seen.insert(at).second) {
        const TiffDirectory directory = reader.directory(at);
        if (directory.entries.empty()) return;
        if (is_page(reader, directory)) pages.push_back(at);
        at = directory.next;
    }
}

}  // namespace

std::vector<std::uint64_t> tiff_pages(TiffReader& reader) {
    std::vector<std::uint64_t> pages;
    const std::uint64_t first = reader.first_directory();
    add_pages(reader, first, pages);
    if (!pages.empty()) return pages;
    const TiffDirectory main = reader.directory(first);
    if (main.entries.empty()) return pages;
    if (const TiffEntry* below = main.find(kSubDirectories)) {
        for (const std::uint64_t position : reader.numbers(*below)) {
            const TiffDirectory directory = reader.directory(position);
            if (!directory.entries.empty() && is_page(reader, directory)) {
                pages.push_back(position);
            }
        }
    }
    if (pages.empty()) pages.push_back(first);
    return pages;
}

MetadataParts tiff_page_parts(std::istream& stream, std::uint64_t directory) {
    MetadataParts parts;
    TiffReader reader(stream);
    const TiffDirectory page = reader.directory(directory);
    const auto bytes = [&](std::uint16_t tag) {
        const TiffEntry* entry = page.find(tag);
        return entry == nullptr ? std::string() : reader.value(*entry);
    };
    parts.is_known = true;
    parts.xmp = bytes(kXmp);
    parts.iptc = bytes(kIptc);
    parts.photoshop = bytes(kPhotoshop);
    if (parts.iptc.empty()) parts.iptc = iptc_of_photoshop(parts.photoshop);
    parts.exif = exif_of_tiff(stream, directory);
    return parts;
}

}  // namespace sisr
