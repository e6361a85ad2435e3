#include "files/file_attributes.h"

#include "files/colour_signal.h"
#include "files/file_layout.h"
#include "files/metadata/xmp.h"

#include <OpenImageIO/tiffutils.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace sisr {
namespace {

constexpr int kDefaultQuality = 95;
// A JPEG's own quality is kept down to this: below it the file would draw over the result the very
// blocks that a model has just taken out.
constexpr int kLowestKeptQuality = 75;

bool is_one_of(const std::string& value, std::initializer_list<const char*> list) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_tiff(const Format& format) { return format.name == std::string_view("tiff"); }

bool starts_with(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

/// True for what describes the source's encoding or size rather than the picture.
bool is_stale(const std::string& name, bool same_format) {
    // OpenImageIO derives "ICCProfile:..." from the profile; only the profile itself is written.
    if (is_one_of(name, {"oiio:BitsPerSample", "oiio:UnassociatedAlpha", "oiio:ColorSpace",
                         "oiio:subimages", "oiio:subimagename", "oiio:Movie", "Compression",
                         "compression", "planarconfig", "fileFormat"}) ||
        starts_with(name, "ICCProfile:") || starts_with(name, "thumbnail_") ||
        starts_with(name, "tiff:") || starts_with(name, "png:") || starts_with(name, "gif:")) {
        return true;
    }
    return !same_format && (starts_with(name, "jpeg:") || starts_with(name, "openexr:") ||
                            starts_with(name, "webp:") || starts_with(name, "heif:"));
}

/// Where a file's own parts are written, attributes only add what those do not hold.
bool goes_beside_parts(const std::string& name, const Format& format) {
    return is_one_of(name, {"ICCProfile", "XResolution", "YResolution", "ResolutionUnit",
                            "PixelAspectRatio", "jpeg:subsampling"}) ||
           (is_tiff(format) && name == "Orientation");
}

/// One comment of all texts, for formats that have nothing else.
std::string comment_of(const std::vector<KeyedText>& texts) {
    std::string comment;
    for (const KeyedText& text : texts) {
        if (!comment.empty()) comment += '\n';
        comment += (text.keyword == "Comment" ? "" : text.keyword + ": ") + text.text;
    }
    return comment;
}

/// A PNG's texts into what the format has for them, and a JPEG's comment.
void carry_texts(const Format& format, MetadataParts& parts) {
    constexpr std::size_t kLargestComment = 65000;  // of JPEG
    const std::string_view name = format.name;
    if (name == "png") return;  // which has the comment by itself
    if (!parts.comment.empty() && name != "jpeg") {
        parts.texts.push_back({"Comment", parts.comment});
    }
    if (parts.texts.empty()) return;
    const std::string comment = comment_of(parts.texts);
    const bool is_comment =
        name == "jpeg" && parts.comment.empty() && comment.size() < kLargestComment;
    if (is_comment) parts.comment = comment;
    std::string added = with_texts(parts.xmp, parts.texts);
    // Which must fit into a JPEG's segment.
    if (name != "jpeg" || added.size() < kLargestComment) parts.xmp = std::move(added);
}

}  // namespace

int quality_for(const Format& format, int wanted, const FileMetadata* metadata) {
    if (wanted > 0) return wanted;
    const bool is_known =
        metadata != nullptr && metadata->format == format.name && metadata->parts.jpeg_quality > 0;
    return is_known ? std::max(metadata->parts.jpeg_quality, kLowestKeptQuality) : kDefaultQuality;
}

bool carries_parts(const FileMetadata& metadata, const Format& format) {
    return metadata.parts.is_known && has(format, kParts);
}

void copy_attributes(const FileMetadata& metadata, const Format& format, double resolution_scale,
                     OIIO::ImageSpec& spec) {
    const bool same_format = metadata.format == format.name;
    const bool beside_parts = carries_parts(metadata, format);
    for (const OIIO::ParamValue& attribute : metadata.attributes) {
        const std::string name = attribute.name().string();
        if (is_stale(name, same_format)) continue;
        if (beside_parts && !goes_beside_parts(name, format)) continue;
        spec.extra_attribs.add_or_replace(attribute);
    }
    const std::string& profile = metadata.parts.icc;
    if (spec.find_attribute("ICCProfile") == nullptr && !profile.empty()) {
        spec.attribute("ICCProfile",
                       OIIO::TypeDesc(OIIO::TypeDesc::UINT8, static_cast<int>(profile.size())),
                       profile.data());
    }
    const auto update = [&spec](const char* name, int value) {
        if (spec.find_attribute(name) != nullptr) spec.attribute(name, value);
    };
    update("Exif:PixelXDimension", spec.width);
    update("Exif:PixelYDimension", spec.height);
    if (metadata.is_turned) update("Orientation", 1);
    for (const char* name : {"XResolution", "YResolution"}) {
        const float resolution = spec.get_float_attribute(name);
        if (resolution > 0) {
            spec.attribute(name, resolution * static_cast<float>(resolution_scale));
        }
    }
}

void place_windows(const FileMetadata& metadata, OIIO::ImageSpec& spec) {
    if (!metadata.windows || metadata.is_turned) return;
    const Windows& from = *metadata.windows;
    const auto scaled = [](int value, int size, int old_size) {
        return static_cast<int>(std::lround(static_cast<double>(value) * size / old_size));
    };
    spec.x = scaled(from.x, spec.width, from.width);
    spec.y = scaled(from.y, spec.height, from.height);
    spec.full_x = scaled(from.full_x, spec.width, from.width);
    spec.full_y = scaled(from.full_y, spec.height, from.height);
    spec.full_width = std::max(1, scaled(from.full_width, spec.width, from.width));
    spec.full_height = std::max(1, scaled(from.full_height, spec.height, from.height));
}

bool suits(const std::string& profile, int colour_channels) {
    constexpr std::size_t kColourSpaceAt = 16;
    if (profile.size() < kColourSpaceAt + 4) return false;
    return (profile.compare(kColourSpaceAt, 4, "GRAY") == 0) == (colour_channels == 1);
}

MetadataParts parts_for(const FileMetadata& metadata, const Format& format, Size size,
                        double resolution_scale) {
    MetadataParts parts = metadata.parts;
    parts.xmp = without_announcements(parts.xmp);
    if (metadata.format != format.name) {
        parts.png_chunks.clear();
        parts.xmp_extension.clear();
        carry_texts(format, parts);
    }
    if (parts.icc.empty() && parts.signal && !has(format, kSignal)) {
        parts.icc = profile_of_signal(*parts.signal);
    }
    update_parts(parts, {size, metadata.is_turned, resolution_scale});
    return parts;
}

MetadataParts parts_of_attributes(const OIIO::ImageSpec& spec) {
    MetadataParts parts;
    parts.is_known = true;
    parts.icc = profile_of(spec);
    if (spec.extra_attribs.empty()) return parts;
    std::vector<char> bytes;
    OIIO::encode_exif(spec, bytes);
    parts.exif.assign(bytes.begin(), bytes.end());
    bytes.clear();
    OIIO::encode_iptc_iim(spec, bytes);
    parts.iptc.assign(bytes.begin(), bytes.end());
    parts.xmp = OIIO::encode_xmp(spec, true);
    parts.comment = spec.get_string_attribute("ImageDescription");
    return parts;
}

void set_compression(const Format& format, int quality, const FileMetadata* metadata,
                     OIIO::ImageSpec& spec) {
    const std::string name = format.name;
    const std::string used = std::to_string(quality_for(format, quality, metadata));
    if (is_one_of(name, {"jpeg", "webp"})) spec.attribute("Compression", name + ":" + used);
    if (!is_one_of(name, {"tiff", "openexr"})) return;

    std::string kept;
    if (metadata != nullptr && metadata->format == format.name) {
        kept = metadata->attributes.get_string("compression");
    }
    const bool is_lossless =
        is_one_of(kept, {"none", "lzw", "zip", "zips", "packbits", "rle", "piz"});
    spec.attribute("Compression", is_lossless ? kept : "zip");
}

}  // namespace sisr
