#include "files/truncation.h"

#include "base/ascii.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sisr {
namespace {

constexpr int kStartOfImage = 0xD8;
constexpr int kEndOfImage = 0xD9;
constexpr int kStartOfScan = 0xDA;

constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n"};
constexpr std::uintmax_t kPngChunkBytes = 12;  // besides the data

/// Leaves the stream behind the header of the first scan. False when there is none.
bool skip_to_scan(std::ifstream& stream) {
    if (stream.get() != 0xFF || stream.get() != kStartOfImage) return false;
    while (stream) {
        if (stream.get() != 0xFF) return false;
        int marker = stream.get();
        while (marker == 0xFF) marker = stream.get();
        const int high = stream.get();
        const int low = stream.get();
        if (!stream || (high << 8 | low) < 2) return false;
        stream.seekg((high << 8 | low) - 2, std::ios::cur);
        if (marker == kStartOfScan) return static_cast<bool>(stream);
    }
    return false;
}

/// Leaves the stream where it was.
bool ends_with_marker(std::ifstream& stream) {
    const auto position = stream.tellg();
    stream.seekg(-2, std::ios::end);
    const bool is_end = stream.get() == 0xFF && stream.get() == kEndOfImage;
    stream.clear();
    stream.seekg(position);
    return is_end;
}

bool is_truncated_jpeg(std::ifstream& stream) {
    if (!skip_to_scan(stream)) return false;  // no plain JPEG: the decoder's to judge
    if (ends_with_marker(stream)) return false;
    // Inside the data FF is always followed by 00 or a marker, so FF D9 can be nothing else.
    std::vector<char> chunk(1 << 16);
    bool after_ff = false;
    while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) ||
           stream.gcount() > 0) {
        for (std::streamsize i = 0; i < stream.gcount(); ++i) {
            const auto byte = static_cast<unsigned char>(chunk[static_cast<std::size_t>(i)]);
            if (after_ff && byte == kEndOfImage) return false;
            after_ff = byte == 0xFF;
        }
    }
    return true;
}

/// Behind the signature: chunks of length, name, data, checksum.
bool is_truncated_png(std::ifstream& stream, std::uintmax_t file_bytes) {
    std::uintmax_t position = kPngSignature.size();
    while (position + kPngChunkBytes <= file_bytes) {
        std::array<unsigned char, 8> head{};
        stream.seekg(static_cast<std::streamoff>(position));
        if (!stream.read(reinterpret_cast<char*>(head.data()), head.size())) return true;
        const std::uint32_t length =
            static_cast<std::uint32_t>(head[0]) << 24 | head[1] << 16 | head[2] << 8 | head[3];
        position += kPngChunkBytes + length;
        if (std::equal(head.begin() + 4, head.end(), "IEND")) return position > file_bytes;
    }
    return true;
}

/// The RIFF header tells the bytes behind its first eight.
bool is_truncated_webp(const std::string& head, std::uintmax_t file_bytes) {
    const auto byte = [&head](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(head[i]));
    };
    const std::uint32_t length = byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24;
    return length + std::uintmax_t{8} > file_bytes;
}

/// OpenImageIO reads as much user data as the header claims, be it the whole memory.
bool is_truncated_dpx(std::ifstream& stream, std::uintmax_t file_bytes) {
    constexpr std::uint32_t kNone = 0xFFFFFFFF;
    std::string head(36, '\0');
    stream.seekg(0);
    if (!stream.read(head.data(), static_cast<std::streamsize>(head.size()))) return true;
    const bool is_big_endian = head[0] == 'S';
    std::uint32_t user_bytes = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t at = is_big_endian ? 32 + i : 35 - i;
        user_bytes = user_bytes << 8 | static_cast<unsigned char>(head[at]);
    }
    return user_bytes != kNone && user_bytes > file_bytes;
}

}  // namespace

bool is_truncated(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string head(12, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    const std::uintmax_t file_bytes = std::filesystem::file_size(file);
    stream.clear();
    if (head.compare(0, kPngSignature.size(), kPngSignature) == 0) {
        return is_truncated_png(stream, file_bytes);
    }
    if (head.compare(0, 4, "RIFF") == 0 && head.compare(8, 4, "WEBP") == 0) {
        return is_truncated_webp(head, file_bytes);
    }
    if (head.compare(0, 4, "SDPX") == 0 || head.compare(0, 4, "XPDS") == 0) {
        return is_truncated_dpx(stream, file_bytes);
    }
    stream.seekg(0);
    return is_truncated_jpeg(stream);
}

bool begins_as_picture(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string head(12, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    const std::string_view kBegins[] = {
        kPngSignature,      "\xFF\xD8\xFF", "RIFF", "GIF8", {"II*\0", 4}, {"MM\0*", 4},
        {"II+\0", 4},
        "\x76\x2F\x31\x01",  // OpenEXR
        "#?RADIANCE",       "BM",           "8BPS", "SDPX", "XPDS",       {"\0\0\0\x0CjP", 6}};
    return std::any_of(std::begin(kBegins), std::end(kBegins), [&head](std::string_view begin) {
        return head.compare(0, begin.size(), begin) == 0;
    });
}

bool is_icon(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string head(4, '\0');
    stream.read(head.data(), 4);
    return lower_extension(file) == ".ico" || head == std::string("\0\0\1\0", 4);
}

}  // namespace sisr
