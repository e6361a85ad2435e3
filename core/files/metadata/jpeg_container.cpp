#include "files/metadata/containers.h"
#include "files/metadata/xmp.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace sisr {
namespace {

constexpr int kStartOfScan = 0xDA;
constexpr int kEndOfImage = 0xD9;
constexpr int kQuantisation = 0xDB;
constexpr int kApp1 = 0xE1;
constexpr int kApp2 = 0xE2;
constexpr int kApp13 = 0xED;
constexpr int kComment = 0xFE;
constexpr std::size_t kLargestPayload = 0xFFFF - 2;

const std::string kExifName("Exif\0\0", 6);
const std::string kXmpName("http://ns.adobe.com/xap/1.0/\0", 29);
const std::string kXmpExtensionName("http://ns.adobe.com/xmp/extension/\0", 35);
const std::string kProfileName("ICC_PROFILE\0", 12);
const std::string kPicturesName("MPF\0", 4);
const std::string kIsoGainMapName("urn:iso:std:iso:ts:21496:-1");
const std::string kPhotoshopName("Photoshop 3.0\0", 14);

bool starts_with(const std::string& text, const std::string& prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

std::size_t big16(const std::string& bytes, std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at])) << 8 |
           static_cast<unsigned char>(bytes[at + 1]);
}

struct Segment {
    int marker = 0;
    std::string payload;
};

/// The next segment before the first scan; false at its begin, at the end, at damage.
bool read_segment(std::istream& stream, Segment& segment) {
    if (stream.get() != 0xFF) return false;
    segment.marker = stream.get();
    while (segment.marker == 0xFF) segment.marker = stream.get();
    if (!stream || segment.marker == kStartOfScan || segment.marker == kEndOfImage) return false;
    std::string length(2, '\0');
    if (!stream.read(length.data(), 2) || big16(length, 0) < 2) return false;
    segment.payload.resize(big16(length, 0) - 2);
    return static_cast<bool>(
        stream.read(segment.payload.data(), static_cast<std::streamsize>(segment.payload.size())));
}

/// Table 0 of a DQT segment is luminance's.
void read_quality(const std::string& payload, MetadataParts& parts) {
    for (std::size_t at = 0; at < payload.size();) {
        const int head = static_cast<unsigned char>(payload[at++]);
        const std::size_t unit = head >> 4 == 0 ? 1 : 2;
        if (payload.size() - at < 64 * unit) return;
        std::vector<int> table;
        for (std::size_t i = 0; i < 64; ++i) {
            const std::size_t position = at + i * unit;
            table.push_back(unit == 1 ? static_cast<unsigned char>(payload[position])
                                      : static_cast<int>(big16(payload, position)));
        }
        if ((head & 15) == 0) parts.jpeg_quality = jpeg_quality_of(table);
        at += 64 * unit;
    }
}

void take_segment(const Segment& segment, MetadataParts& parts) {
    const std::string& payload = segment.payload;
    const auto rest = [&payload](const std::string& name) { return payload.substr(name.size()); };
    if (segment.marker == kQuantisation) {
        read_quality(payload, parts);
    } else if (segment.marker == kComment && parts.comment.empty()) {
        parts.comment = payload;
    } else if (segment.marker == kApp13 && starts_with(payload, kPhotoshopName)) {
        parts.photoshop += rest(kPhotoshopName);
    } else if (segment.marker != kApp1) {
        return;
    } else if (starts_with(payload, kExifName)) {
        if (parts.exif.empty()) parts.exif = rest(kExifName);
    } else if (starts_with(payload, kXmpName)) {
        if (parts.xmp.empty()) parts.xmp = rest(kXmpName);
    } else if (starts_with(payload, kXmpExtensionName)) {
        parts.xmp_extension.push_back(payload);
    }
}

/// Nothing when there is nothing, or more than a segment holds.
std::string segment_bytes(int marker, const std::string& name, const std::string& payload) {
    const std::size_t bytes = name.size() + payload.size();
    if (payload.empty() || bytes > kLargestPayload) return "";
    const std::size_t length = bytes + 2;
    return std::string{'\xFF', static_cast<char>(marker), static_cast<char>(length >> 8),
                       static_cast<char>(length & 0xFF)} +
           name + payload;
}

/// As many as the profile needs, each with its number and how many there are.
std::string profile_segments(const std::string& profile) {
    constexpr std::size_t kMostSegments = 255;
    const std::size_t step = kLargestPayload - kProfileName.size() - 2;
    const std::size_t count = (profile.size() + step - 1) / step;
    if (count > kMostSegments) return "";
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = kProfileName + static_cast<char>(i + 1) + static_cast<char>(count);
        bytes += segment_bytes(kApp2, name, profile.substr(i * step, step));
    }
    return bytes;
}

/// As Samsung's cameras write them, which announce nothing in XMP.
bool ends_as_motion_photo(std::istream& stream) {
    constexpr std::streamoff kTrailer = 4096;
    stream.clear();
    stream.seekg(0, std::ios::end);
    const std::streamoff size = stream.tellg();
    const std::streamoff looked_at = std::min(size, kTrailer);
    std::string end(static_cast<std::size_t>(std::max<std::streamoff>(looked_at, 0)), '\0');
    stream.seekg(size - looked_at);
    stream.read(end.data(), static_cast<std::streamsize>(end.size()));
    return stream && end.size() > 4 && end.compare(end.size() - 4, 4, "SEFT") == 0 &&
           end.find("SEFH") != std::string::npos && end.find("\x30\x0a") != std::string::npos;
}

/// In the order that the segments tell; empty when one is missing.
std::string joined_profile(const std::map<int, std::string>& pieces, int count) {
    if (static_cast<int>(pieces.size()) != count) return "";
    std::string profile;
    for (const auto& [number, piece] : pieces) profile += piece;
    return profile;
}

}  // namespace

int jpeg_quality_of(const std::vector<int>& table) {
    // Annex K's table of luminance, which libjpeg multiplies, in zigzag order.
    constexpr int kBase[64] = {16,  11, 12, 14,  12,  10,  16,  14,  13, 14,  18,  17,  16,
                               19,  24, 40, 26,  24,  22,  22,  24,  49, 35,  37,  29,  40,
                               58,  51, 61, 60,  57,  51,  56,  55,  64, 72,  92,  78,  64,
                               68,  87, 69, 55,  56,  80,  109, 81,  87, 95,  98,  103, 104,
                               103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99};
    if (table.size() != 64) return 0;
    const auto distance = [&](int quality) {
        const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
        long sum = 0;
        for (std::size_t i = 0; i < 64; ++i) {
            const int made = std::clamp((kBase[i] * percent + 50) / 100, 1, 255);
            sum += std::abs(made - table[i]);
        }
        return sum;
    };
    int best = 100;
    for (int quality = 99; quality >= 1; --quality) {
        if (distance(quality) < distance(best)) best = quality;
    }
    return best;
}

std::string iptc_of_photoshop(const std::string& resources) {
    constexpr std::size_t kIptcResource = 0x0404;
    for (std::size_t at = 0; at + 12 <= resources.size();) {
        // "8BIM", number, name (its length first, padded to even), bytes, data (padded to even).
        const std::size_t name = static_cast<unsigned char>(resources[at + 6]);
        const std::size_t length_at = at + 6 + (name + 2) / 2 * 2;
        if (length_at + 4 > resources.size()) break;
        const std::size_t bytes =
            big16(resources, length_at) << 16 | big16(resources, length_at + 2);
        const std::size_t data = length_at + 4;
        if (bytes > resources.size() - data) break;
        if (big16(resources, at + 4) == kIptcResource) return resources.substr(data, bytes);
        at = data + (bytes + 1) / 2 * 2;
    }
    return "";
}

std::string photoshop_of_iptc(const std::string& iptc) {
    if (iptc.empty()) return "";
    const std::size_t bytes = iptc.size();
    std::string resource("8BIM\x04\x04\0\0", 8);
    for (const int shift : {24, 16, 8, 0}) resource += static_cast<char>(bytes >> shift & 0xFF);
    return resource + iptc + (bytes % 2 != 0 ? std::string(1, '\0') : "");
}

std::string jpeg_segments_of(const MetadataParts& parts) {
    std::string bytes =
        segment_bytes(kApp1, kExifName, parts.exif) + segment_bytes(kApp1, kXmpName, parts.xmp);
    for (const std::string& payload : parts.xmp_extension) {
        bytes += segment_bytes(kApp1, "", payload);
    }
    const std::string resources =
        parts.photoshop.empty() ? photoshop_of_iptc(parts.iptc) : parts.photoshop;
    const std::size_t step = kLargestPayload - kPhotoshopName.size();
    for (std::size_t at = 0; at < resources.size(); at += step) {
        bytes += segment_bytes(kApp13, kPhotoshopName, resources.substr(at, step));
    }
    bytes += profile_segments(parts.icc);
    return bytes + segment_bytes(kComment, "", parts.comment);
}

void read_jpeg_parts(std::istream& stream, MetadataParts& parts) {
    Segment segment;
    std::map<int, std::string> profile_pieces;  // by their numbers, from 1
    int profile_count = 0;
    bool has_pictures = false;
    bool has_iso_gain_map = false;
    while (read_segment(stream, segment)) {
        const std::string& payload = segment.payload;
        const std::size_t name = kProfileName.size();
        if (segment.marker == kApp2 && starts_with(payload, kProfileName) &&
            payload.size() > name + 2) {
            profile_count = static_cast<unsigned char>(payload[name + 1]);
            profile_pieces[static_cast<unsigned char>(payload[name])] = payload.substr(name + 2);
        } else if (segment.marker == kApp2) {
            has_pictures = has_pictures || starts_with(payload, kPicturesName);
            has_iso_gain_map = has_iso_gain_map || starts_with(payload, kIsoGainMapName);
        } else {
            take_segment(segment, parts);
        }
    }
    parts.icc = joined_profile(profile_pieces, profile_count);
    parts.left_out = announced_by_xmp(parts.xmp);
    if (has_iso_gain_map && parts.left_out.empty()) parts.left_out.emplace_back("a gain map (HDR)");
    if (has_pictures && parts.left_out.empty()) parts.left_out.emplace_back("further pictures");
    if (parts.left_out.empty() && ends_as_motion_photo(stream)) {
        parts.left_out.emplace_back("a motion photo's video");
    }
    parts.iptc = iptc_of_photoshop(parts.photoshop);
}

}  // namespace sisr
