#include "image/jpeg_end.h"

#include <fstream>
#include <vector>

namespace sisr {
namespace {

constexpr int kStartOfImage = 0xD8;
constexpr int kEndOfImage = 0xD9;
constexpr int kStartOfScan = 0xDA;

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

}  // namespace

bool has_jpeg_end(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!skip_to_scan(stream)) return true;
    // Inside the data FF is always followed by 00 or a marker, so FF D9 can be nothing else.
    std::vector<char> chunk(1 << 16);
    bool after_ff = false;
    while (stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) ||
           stream.gcount() > 0) {
        for (std::streamsize i = 0; i < stream.gcount(); ++i) {
            const auto byte = static_cast<unsigned char>(chunk[static_cast<std::size_t>(i)]);
            if (after_ff && byte == kEndOfImage) return true;
            after_ff = byte == 0xFF;
        }
    }
    return false;
}

}  // namespace sisr
