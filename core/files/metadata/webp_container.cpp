#include "files/metadata/containers.h"

#include <sisr/error.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace sisr {
namespace {

constexpr std::size_t kLargestPart = std::size_t{64} << 20;
constexpr std::size_t kRiffHeadBytes = 12;
constexpr unsigned kHasProfile = 0x20;
constexpr unsigned kHasAlpha = 0x10;
constexpr unsigned kHasExif = 0x08;
constexpr unsigned kHasXmp = 0x04;

std::size_t little32(const std::string& bytes, std::size_t at) {
    std::size_t number = 0;
    for (std::size_t i = 4; i-- > 0;)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

std::string little_bytes(std::size_t number, std::size_t bytes) {
    std::string result;
    for (std::size_t i = 0; i < bytes; ++i) result += static_cast<char>(number >> (8 * i) & 0xFF);
    return result;
}

std::string chunk_bytes(const char* name, const std::string& data) {
    if (data.empty()) return "";
    std::string chunk = name + little_bytes(data.size(), 4) + data;
    if (data.size() % 2 != 0) chunk += '\0';
    return chunk;
}

/// The chunks that hold the picture.
std::string picture_chunks(const std::string& file) {
    std::string chunks;
    for (std::size_t at = kRiffHeadBytes; at + 8 <= file.size();) {
        const std::string name = file.substr(at, 4);
        const std::size_t bytes = 8 + (little32(file, at + 4) + 1) / 2 * 2;
        if (name == "VP8 " || name == "VP8L" || name == "ALPH") chunks += file.substr(at, bytes);
        at += bytes;
    }
    return chunks;
}

}  // namespace

void read_webp_parts(std::istream& stream, MetadataParts& parts) {
    int frames = 0;
    std::string head(8, '\0');
    while (stream.read(head.data(), 8)) {
        const std::string name = head.substr(0, 4);
        const std::size_t bytes = little32(head, 4);
        const std::size_t padding = bytes % 2;
        if (name == "VP8L") parts.is_lossless = true;
        if (name == "ANMF") ++frames;
        const bool is_wanted = name == "EXIF" || name == "XMP " || name == "ICCP";
        if (!is_wanted || bytes > kLargestPart) {
            stream.seekg(static_cast<std::streamoff>(bytes + padding), std::ios::cur);
            continue;
        }
        std::string data(bytes, '\0');
        if (!stream.read(data.data(), static_cast<std::streamsize>(bytes))) break;
        stream.ignore(static_cast<std::streamsize>(padding));
        if (name == "ICCP") parts.icc = data;
        if (name == "XMP ") parts.xmp = data;
        // Some writers keep JPEG's prefix.
        if (name == "EXIF") parts.exif = data.compare(0, 4, "Exif") == 0 ? data.substr(6) : data;
    }
    parts.frames = std::max(1, frames);
}

void add_to_webp(const std::filesystem::path& file, Size size, bool has_alpha,
                 const MetadataParts& parts) {
    if (parts.icc.empty() && parts.exif.empty() && parts.xmp.empty()) return;
    std::ifstream stream(file, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(stream), {}};
    const std::string picture = picture_chunks(whole);
    if (picture.empty()) throw Error(ErrorKind::io, file.string(), "cannot be read back");
    const unsigned flags = (parts.icc.empty() ? 0 : kHasProfile) | (has_alpha ? kHasAlpha : 0) |
                           (parts.exif.empty() ? 0 : kHasExif) | (parts.xmp.empty() ? 0 : kHasXmp);
    const std::string extended = little_bytes(flags, 4) +
                                 little_bytes(static_cast<std::size_t>(size.width) - 1, 3) +
                                 little_bytes(static_cast<std::size_t>(size.height) - 1, 3);
    const std::string body = "WEBP" + chunk_bytes("VP8X", extended) +
                             chunk_bytes("ICCP", parts.icc) + picture +
                             chunk_bytes("EXIF", parts.exif) + chunk_bytes("XMP ", parts.xmp);
    std::ofstream target(file, std::ios::binary | std::ios::trunc);
    target << "RIFF" << little_bytes(body.size(), 4) << body;
    target.close();
    if (!target) throw Error(ErrorKind::io, file.string(), "cannot be written");
}

}  // namespace sisr
