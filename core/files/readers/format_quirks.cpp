#include "files/readers/format_quirks.h"

#include "files/readers/stream_bytes.h"

#include <sisr/error.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <istream>
#include <map>
#include <string_view>

namespace sisr {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& reason) {
    throw Error(ErrorKind::unsupported, file.string(), reason);
}

/// Truevision's second version says at the end what the alpha is.
AlphaKind alpha_of_targa(std::istream& stream, std::uint64_t file_bytes) {
    constexpr std::uint64_t kFooterBytes = 26;
    constexpr std::uint64_t kAttributeAt = 494;
    const std::string head = read_at(stream, 0, 18);
    const bool has_bits = head.size() == 18 && (head[17] & 15) != 0;
    const AlphaKind by_head = has_bits ? AlphaKind::straight : AlphaKind::none;
    if (file_bytes < kFooterBytes) return by_head;
    const std::string footer = read_at(stream, file_bytes - kFooterBytes, kFooterBytes);
    if (footer.compare(8, 16, "TRUEVISION-XFILE") != 0) return by_head;
    const std::uint64_t extension = little_endian(footer, 0, 4);
    const std::string kind = extension == 0 ? "" : read_at(stream, extension + kAttributeAt, 1);
    if (kind.empty()) return by_head;
    switch (kind[0]) {
        case 0:
        case 1: return AlphaKind::none;
        case 4: return AlphaKind::associated;
        default: return AlphaKind::straight;
    }
}

/// JPEG 2000's boxes: "jp2h" holds "cdef", which says what each component is.
AlphaKind alpha_of_jpeg2000(std::istream& stream, std::uint64_t begin, std::uint64_t end) {
    constexpr std::uint32_t kAssociated = 2;
    while (begin + 8 <= end) {
        const std::string head = read_at(stream, begin, 8);
        if (head.size() < 8) break;
        const std::uint64_t told = big_endian(head, 0, 4);
        const std::uint64_t bytes = told == 0 ? end - begin : told;
        if (bytes < 8 || bytes > end - begin) break;
        if (head.compare(4, 4, "jp2h") == 0)
            return alpha_of_jpeg2000(stream, begin + 8, begin + bytes);
        if (head.compare(4, 4, "cdef") == 0) {
            const std::string list = read_at(stream, begin + 8, std::size_t{2} + 6 * 64);
            const std::size_t count = big_endian(list, 0, 2);
            for (std::size_t i = 0; i < count && 2 + 6 * i + 6 <= list.size(); ++i) {
                if (big_endian(list, 2 + 6 * i + 2, 2) == kAssociated) return AlphaKind::associated;
            }
        }
        begin += bytes;
    }
    return AlphaKind::straight;
}

/// The lines of a Radiance file's head: up to an empty one, and one more that tells the size.
template <class Look>
void for_lines_of_radiance(std::istream& stream, const Look& look) {
    constexpr int kMostLines = 1000;
    bool was_empty = false;
    std::string line;
    for (int i = 0; i < kMostLines && std::getline(stream, line); ++i) {
        look(line, was_empty);
        if (was_empty) return;
        was_empty = line.empty();
    }
}

}  // namespace

std::optional<AlphaKind> alpha_by_file(const std::filesystem::path& file,
                                       const std::string& format) {
    std::ifstream stream(file, std::ios::binary);
    const std::uint64_t bytes = std::filesystem::file_size(file);
    if (format == "targa") return alpha_of_targa(stream, bytes);
    if (format == "jpeg2000") return alpha_of_jpeg2000(stream, 0, bytes);
    // Straight by their own rule, which their readers keep but do not tell.
    for (const char* straight : {"dds", "dpx", "pnm", "sgi"}) {
        if (format == straight) return AlphaKind::straight;
    }
    return std::nullopt;
}

int orientation_by_file(const std::filesystem::path& file, const std::string& format) {
    if (format != "hdr") return 0;
    // OpenImageIO exchanges 6 and 8.
    static const std::map<std::string, int> kOrders = {{"-Y+X", 1}, {"-Y-X", 2}, {"+Y-X", 3},
                                                       {"+Y+X", 4}, {"+X-Y", 5}, {"-X-Y", 6},
                                                       {"-X+Y", 7}, {"+X+Y", 8}};
    std::ifstream stream(file, std::ios::binary);
    int orientation = 0;
    for_lines_of_radiance(stream, [&](const std::string& line, bool is_size) {
        std::string order;
        for (const char c : line) {
            if (std::string_view("+-XY").find(c) != std::string_view::npos) order += c;
        }
        const auto found = kOrders.find(order);
        if (is_size && found != kOrders.end()) orientation = found->second;
    });
    return orientation;
}

void refuse_misread(const std::filesystem::path& file, const std::string& format) {
    std::ifstream stream(file, std::ios::binary);
    if (format == "dds") {
        const std::string kind = read_at(stream, 84, 4);
        if (kind == "DXT2" || kind == "DXT4") {
            refuse(file, "is a DDS of kind " + kind + ", which is not supported");
        }
    }
    if (format == "cineon") {
        refuse(file, "is a Cineon file, of film's densities, which are not supported");
    }
    if (format == "hdr") {
        for_lines_of_radiance(stream, [&](const std::string& line, bool /*is_size*/) {
            if (line.find("32-bit_rle_xyze") != std::string::npos) {
                refuse(file, "is a Radiance file in CIE XYZ, which is not supported");
            }
        });
    }
}

}  // namespace sisr
