#include "files/metadata/parts.h"

#include "base/numbers.h"
#include "files/heif.h"
#include "files/metadata/containers.h"
#include "files/metadata/exif.h"
#include "files/metadata/tiff_directory.h"
#include "files/metadata/tiff_pages.h"

#include <cctype>
#include <cmath>
#include <fstream>

namespace sisr {
namespace {

void read_tiff_parts(std::istream& stream, MetadataParts& parts) {
    TiffReader reader(stream);
    const std::vector<std::uint64_t> pages = tiff_pages(reader);
    if (!pages.empty()) parts = tiff_page_parts(stream, pages.front());
    parts.is_known = true;
    parts.frames = static_cast<int>(pages.size());
}

/// Gives a number in an XMP packet another value, be it an attribute or an element.
void set_xmp_number(std::string& xmp, const std::string& name, const std::string& value) {
    for (auto at = xmp.find(name); at != std::string::npos; at = xmp.find(name, at + 1)) {
        std::size_t begin = at + name.size();
        if (begin >= xmp.size()) return;
        if (xmp[begin] == '=') {
            begin += 2;  // and a quotation mark
        } else if (xmp[begin] == '>') {
            begin += 1;
        } else {
            continue;
        }
        const auto end = xmp.find_first_not_of("0123456789/.", begin);
        if (end == std::string::npos || end == begin) continue;
        xmp.replace(begin, end - begin, value);
    }
}

/// The value of "300/1" or "300"; 0 when there is none.
double xmp_number(const std::string& xmp, const std::string& name) {
    const auto at = xmp.find(name);
    const auto begin = at == std::string::npos ? at : xmp.find_first_of("0123456789", at);
    if (begin == std::string::npos || begin > at + name.size() + 2) return 0;
    const auto end = xmp.find_first_not_of("0123456789/.", begin);
    const std::string text = xmp.substr(begin, end - begin);
    const auto slash = text.find('/');
    const double above = parse_number<double>(text.substr(0, slash)).value_or(0);
    const double below =
        slash == std::string::npos ? 1 : parse_number<double>(text.substr(slash + 1)).value_or(0);
    return below > 0 ? above / below : 0;
}

}  // namespace

MetadataParts read_parts(const std::filesystem::path& file) {
    MetadataParts parts;
    std::ifstream stream(file, std::ios::binary);
    std::string head(12, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    stream.clear();
    const auto read = [&](std::streamoff skipped, auto reader) {
        stream.seekg(skipped);
        parts.is_known = true;
        reader(stream, parts);
    };
    if (head.compare(0, 2, "\xFF\xD8") == 0) {
        read(2, read_jpeg_parts);
    } else if (head.compare(0, 8, "\x89PNG\r\n\x1a\n") == 0) {
        read(8, read_png_parts);
    } else if (head.compare(0, 4, "RIFF") == 0 && head.compare(8, 4, "WEBP") == 0) {
        read(12, read_webp_parts);
    } else if (head.compare(0, 4, "GIF8") == 0) {
        stream.seekg(6);
        parts.frames = count_gif_frames(stream);
    } else if (begins_as_heif(head)) {
        parts.is_known = true;
        read_heif_parts(file, parts);
    } else if (TiffReader(stream).is_tiff()) {
        read(0, read_tiff_parts);
    }
    return parts;
}

void update_parts(MetadataParts& parts, const MetadataChanges& changes) {
    update_exif(parts.exif, changes);
    const std::string width = std::to_string(changes.size.width);
    const std::string height = std::to_string(changes.size.height);
    for (const char* name : {"tiff:ImageWidth", "exif:PixelXDimension"}) {
        set_xmp_number(parts.xmp, name, width);
    }
    for (const char* name : {"tiff:ImageLength", "exif:PixelYDimension"}) {
        set_xmp_number(parts.xmp, name, height);
    }
    if (changes.is_turned) set_xmp_number(parts.xmp, "tiff:Orientation", "1");
    if (changes.resolution_scale == 1) return;
    for (const char* name : {"tiff:XResolution", "tiff:YResolution"}) {
        const double scaled = 100 * changes.resolution_scale * xmp_number(parts.xmp, name);
        if (scaled < 1) continue;
        set_xmp_number(parts.xmp, name, std::to_string(std::lround(scaled)) + "/100");
    }
}

int orientation_of(const MetadataParts& parts) { return exif_orientation(parts.exif); }

}  // namespace sisr
