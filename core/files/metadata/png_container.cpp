#include "base/numbers.h"
#include "files/metadata/containers.h"

#include <algorithm>
#include <cstdio>
#include <zlib.h>

namespace sisr {
namespace {

constexpr std::size_t kSignatureBytes = 8;
constexpr std::size_t kChunkBytes = 12;  // besides the data
constexpr std::size_t kLargestPart = std::size_t{64} << 20;

const std::string kXmpKeyword("XML:com.adobe.xmp\0", 18);
const std::string kIptcKeyword("Raw profile type iptc\0", 22);

std::uint32_t big32(const std::string& bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return number;
}

std::string big32_bytes(std::size_t number) {
    std::string bytes;
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(number >> shift & 0xFF);
    return bytes;
}

bool starts_with(const std::string& text, const std::string& prefix) {
    return text.compare(0, prefix.size(), prefix) == 0;
}

bool is_one_of(const std::string& name, std::initializer_list<const char*> list) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

std::string chunk_bytes(const std::string& name, const std::string& data) {
    const std::string checked = name + data;
    const uLong sum = ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()),
                              static_cast<uInt>(checked.size()));
    return big32_bytes(data.size()) + checked + big32_bytes(sum);
}

/// Empty for what is no zlib stream, or is one too large to be metadata.
std::string inflated(const std::string& packed) {
    std::string result;
    z_stream state{};
    if (::inflateInit(&state) != Z_OK) return "";
    std::string copy = packed;
    state.next_in = reinterpret_cast<Bytef*>(copy.data());
    state.avail_in = static_cast<uInt>(copy.size());
    std::string part(1 << 16, '\0');
    int status = Z_OK;
    while (status == Z_OK && result.size() < kLargestPart) {
        state.next_out = reinterpret_cast<Bytef*>(part.data());
        state.avail_out = static_cast<uInt>(part.size());
        status = ::inflate(&state, Z_NO_FLUSH);
        result.append(part, 0, part.size() - state.avail_out);
    }
    ::inflateEnd(&state);
    return status == Z_STREAM_END ? result : "";
}

std::string deflated(const std::string& bytes) {
    uLongf size = ::compressBound(static_cast<uLong>(bytes.size()));
    std::string packed(size, '\0');
    const int status =
        ::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                   reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()));
    packed.resize(status == Z_OK ? size : 0);
    return packed;
}

/// ImageMagick's way to put a blob into a text: a name, the number of bytes, and hex digits.
std::string unhex(const std::string& text) {
    const auto number_at = text.find_first_of("0123456789", text.find('\n', 1));
    const auto digits_at = number_at == std::string::npos ? number_at : text.find('\n', number_at);
    if (digits_at == std::string::npos) return "";
    std::string bytes;
    std::string pair;
    for (std::size_t i = digits_at; i < text.size(); ++i) {
        if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0) continue;
        pair += text[i];
        if (pair.size() < 2) continue;
        bytes += static_cast<char>(parse_number<unsigned char>(pair, 16).value_or(0));
        pair.clear();
    }
    return bytes;
}

std::string hex_text(const std::string& bytes) {
    char head[32];
    std::snprintf(head, sizeof head, "\niptc\n%8zu", bytes.size());
    std::string text = head;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(bytes[i]));
        text += (i % 36 == 0 ? "\n" : "") + std::string(digits);
    }
    return text + "\n";
}

/// keyword, compressed?, method, language, translated keyword, text.
std::string international_text(const std::string& data) {
    std::size_t at = data.find('\0');
    if (at == std::string::npos || at + 3 > data.size()) return "";
    const bool is_packed = data[at + 1] != 0;
    at = data.find('\0', at + 3);
    if (at != std::string::npos) at = data.find('\0', at + 1);
    if (at == std::string::npos) return "";
    return is_packed ? inflated(data.substr(at + 1)) : data.substr(at + 1);
}

void take_iptc(const std::string& text, MetadataParts& parts) {
    const std::string bytes = unhex(text);
    parts.photoshop = starts_with(bytes, "8BIM") ? bytes : "";
    parts.iptc = parts.photoshop.empty() ? bytes : iptc_of_photoshop(bytes);
}

std::string utf8_of_latin1(const std::string& text) {
    std::string result;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x80) {
            result += c;
        } else {
            result += static_cast<char>(0xC0 | code >> 6);
            result += static_cast<char>(0x80 | (code & 0x3F));
        }
    }
    return result;
}

void take_text(const std::string& name, const std::string& data, MetadataParts& parts) {
    const std::size_t end = data.find('\0');
    if (end == std::string::npos || starts_with(data, "Raw profile type")) return;
    std::string text;
    if (name == "tEXt") text = utf8_of_latin1(data.substr(end + 1));
    if (name == "zTXt" && end + 2 <= data.size()) {
        text = utf8_of_latin1(inflated(data.substr(end + 2)));
    }
    if (name == "iTXt") text = international_text(data);
    if (!text.empty()) parts.texts.push_back({utf8_of_latin1(data.substr(0, end)), text});
}

void take_chunk(const std::string& name, const std::string& data, MetadataParts& parts) {
    if (name == "eXIf") {
        parts.exif = data;
    } else if (name == "iTXt" && starts_with(data, kXmpKeyword)) {
        parts.xmp = international_text(data);
    } else if (name == "tEXt" && starts_with(data, kIptcKeyword)) {
        take_iptc(data.substr(kIptcKeyword.size()), parts);
    } else if (name == "zTXt" && starts_with(data, kIptcKeyword)) {
        take_iptc(inflated(data.substr(std::min(kIptcKeyword.size() + 1, data.size()))), parts);
    } else if (name == "acTL" && data.size() >= 4) {
        parts.frames = static_cast<int>(std::clamp(big32(data, 0), 1U, 1U << 24));
    } else if (name == "cICP" && data.size() == 4) {
        const auto number = [&data](std::size_t at) {
            return static_cast<unsigned char>(data[at]);
        };
        parts.signal = ColourSignal{number(0), number(1), number(2), number(3) != 0};
    } else if (is_one_of(name, {"tEXt", "zTXt", "iTXt", "gAMA", "cHRM", "sRGB", "mDCV", "mDCv",
                                "cLLI", "cLLi"})) {
        parts.png_chunks.push_back(chunk_bytes(name, data));
        take_text(name, data, parts);
    }
}

std::string chunks_of(const MetadataParts& parts) {
    std::string bytes;
    for (const std::string& chunk : parts.png_chunks) bytes += chunk;
    if (parts.signal) {
        // The samples are RGB of the full range, whatever they were.
        const std::string told{static_cast<char>(parts.signal->primaries),
                               static_cast<char>(parts.signal->transfer), '\0', '\1'};
        bytes += chunk_bytes("cICP", told);
    }
    if (!parts.xmp.empty()) {
        bytes += chunk_bytes("iTXt", kXmpKeyword + std::string(4, '\0') + parts.xmp);
    }
    const std::string resources =
        parts.photoshop.empty() ? photoshop_of_iptc(parts.iptc) : parts.photoshop;
    if (!resources.empty()) bytes += chunk_bytes("tEXt", kIptcKeyword + hex_text(resources));
    if (!parts.exif.empty()) bytes += chunk_bytes("eXIf", parts.exif);
    if (!parts.comment.empty()) {
        bytes += chunk_bytes("iTXt", std::string("Comment\0\0\0\0\0", 12) + parts.comment);
    }
    return bytes;
}

}  // namespace

void read_png_parts(std::istream& stream, MetadataParts& parts) {
    std::string head(8, '\0');
    while (stream.read(head.data(), 8)) {
        const std::string name = head.substr(4);
        const std::uint32_t bytes = big32(head, 0);
        if (name == "IEND") return;
        const bool is_ancillary = (name[0] & 0x20) != 0;
        if (!is_ancillary || bytes > kLargestPart) {
            stream.seekg(std::streamoff{bytes} + 4, std::ios::cur);
            continue;
        }
        std::string data(bytes, '\0');
        if (!stream.read(data.data(), bytes) || !stream.ignore(4)) return;
        take_chunk(name, data, parts);
    }
}

std::size_t png_head_bytes(const std::string& begin) {
    for (std::size_t at = kSignatureBytes; at + 8 <= begin.size();) {
        if (begin.compare(at + 4, 4, "IDAT") == 0) return at;
        at += kChunkBytes + big32(begin, at);
    }
    return 0;
}

std::string png_head_of_height(const std::string& head, std::size_t height) {
    std::string header = head.substr(kSignatureBytes + 8, big32(head, kSignatureBytes));
    header.replace(4, 4, big32_bytes(height));
    const std::string chunk = chunk_bytes("IHDR", header);  // stands first
    return head.substr(0, kSignatureBytes) + chunk + head.substr(kSignatureBytes + chunk.size());
}

std::string png_head_with_profile(const std::string& head, const std::string& profile) {
    if (profile.empty()) return head;
    const std::size_t behind = kSignatureBytes + kChunkBytes + big32(head, kSignatureBytes);
    const std::string name("ICC profile\0\0", 13);  // and how it is packed
    return head.substr(0, behind) + chunk_bytes("iCCP", name + deflated(profile)) +
           head.substr(behind);
}

std::string png_head_with(const std::string& head, const MetadataParts& parts) {
    std::string result = head.substr(0, kSignatureBytes);
    std::string behind;
    for (std::size_t at = kSignatureBytes; at + kChunkBytes <= head.size();) {
        const std::string name = head.substr(at + 4, 4);
        const std::string chunk = head.substr(at, kChunkBytes + big32(head, at));
        at += chunk.size();
        const bool is_replaced =
            is_one_of(name, {"tEXt", "zTXt", "iTXt", "eXIf", "tIME", "oFFs", "gAMA", "cHRM", "sRGB",
                             "cICP", "mDCV", "mDCv", "cLLI", "cLLi"});
        if (!is_replaced) (name == "IHDR" ? result : behind) += chunk;
    }
    // How colour is meant must stand before a palette; the rest may.
    return result + chunks_of(parts) + behind;
}

}  // namespace sisr
