#include "files/readers/psd_header.h"

#include "files/readers/rows_of_page.h"
#include "files/readers/stream_bytes.h"

#include <sisr/error.h>

#include <algorithm>

namespace sisr {
namespace {

constexpr std::size_t kHeadBytes = 26;
constexpr std::size_t kPaletteBytes = 768;
constexpr std::uint64_t kMostResourceBytes = std::uint64_t{64} << 20;

class HeaderReader {
public:
    HeaderReader(std::istream& stream, const std::string& path) : stream_(stream), path_(path) {}

    PsdHeader read() {
        read_head();
        std::uint64_t at = kHeadBytes;
        const std::uint64_t palette = number(at, 4);
        if (header_.mode == PsdMode::indexed) {
            header_.palette = bytes(at + 4, kPaletteBytes);
            if (palette != kPaletteBytes || header_.palette.size() != kPaletteBytes) {
                fail(ErrorKind::bad_image, "is damaged: it has no palette");
            }
        }
        at += 4 + palette;
        const std::uint64_t resources = number(at, 4);
        read_resources(at + 4, at + 4 + resources);
        at += 4 + resources;
        const std::size_t count = header_.is_large ? 8 : 4;
        const std::uint64_t layers = number(at, count);
        header_.has_transparency =
            header_.channels > header_.colours() && tells_transparency(at + count, layers);
        at += count + layers;
        const std::string packing = bytes(at, 2);
        if (packing.size() != 2) fail(ErrorKind::bad_image, "is truncated");
        const std::uint64_t kind = big_endian(packing, 0, 2);
        if (kind > 1)
            fail(ErrorKind::unsupported, "is a PSD packed in a way that is not supported");
        header_.is_packed = kind == 1;
        header_.pixels_at = at + 2;
        return header_;
    }

private:
    [[noreturn]] void fail(ErrorKind kind, const std::string& reason) const {
        throw Error(kind, path_, reason);
    }

    /// Fewer at the end of the file.
    std::string bytes(std::uint64_t at, std::uint64_t count) {
        if (count > kMostResourceBytes) return "";
        std::string result(count, '\0');
        stream_.clear();
        stream_.seekg(static_cast<std::streamoff>(at));
        stream_.read(result.data(), static_cast<std::streamsize>(count));
        result.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream_.gcount(), 0)));
        return result;
    }

    std::uint64_t number(std::uint64_t at, std::size_t count) {
        const std::string read = bytes(at, count);
        if (read.size() != count) fail(ErrorKind::bad_image, "is truncated");
        return big_endian(read, 0, count);
    }

    void read_head() {
        const std::string head = bytes(0, kHeadBytes);
        const std::uint64_t version = big_endian(head, 4, 2);
        if (head.size() != kHeadBytes || version < 1 || version > 2) {
            fail(ErrorKind::bad_image, "is not an image that can be read");
        }
        header_.is_large = version == 2;
        header_.channels = static_cast<int>(big_endian(head, 12, 2));
        check_size(path_, static_cast<long long>(big_endian(head, 18, 4)),
                   static_cast<long long>(big_endian(head, 14, 4)), header_.channels);
        header_.width = static_cast<int>(big_endian(head, 18, 4));
        header_.height = static_cast<int>(big_endian(head, 14, 4));
        header_.depth = static_cast<int>(big_endian(head, 22, 2));
        header_.mode = static_cast<PsdMode>(big_endian(head, 24, 2));
        const bool is_bitmap = header_.mode == PsdMode::bitmap;
        const int depth = header_.depth;
        const bool is_sound = header_.colours() > 0 &&
                              (is_bitmap ? depth == 1 : depth == 8 || depth == 16 || depth == 32) &&
                              (header_.mode != PsdMode::indexed || depth == 8) &&
                              (header_.mode != PsdMode::lab || depth != 32);
        if (!is_sound) {
            fail(ErrorKind::unsupported, "is a PSD of a kind that is not supported (mode " +
                                             std::to_string(static_cast<int>(header_.mode)) + ", " +
                                             std::to_string(depth) + " bits)");
        }
        if (header_.channels < header_.colours()) {
            fail(ErrorKind::bad_image, "is damaged: its pixels lack channels");
        }
    }

    void read_resources(std::uint64_t at, std::uint64_t end) {
        while (at + 12 <= end) {
            const std::string head = bytes(at, 7);
            if (head.compare(0, 4, "8BIM") != 0) return;
            // The name is filled up to an even number of bytes, with that of its length.
            const std::uint64_t name = (big_endian(head, 6, 1) + 2) / 2 * 2;
            const std::uint64_t count = number(at + 6 + name, 4);
            const std::uint64_t value = at + 10 + name;
            if (value + count > end) return;
            take_resource(big_endian(head, 4, 2), value, count);
            at = value + (count + 1) / 2 * 2;
        }
    }

    void take_resource(std::uint64_t id, std::uint64_t at, std::uint64_t count) {
        switch (id) {
            case 1005:
                header_.resolution[0] = static_cast<double>(number(at, 4)) / 65536;
                header_.resolution[1] = static_cast<double>(number(at + 8, 4)) / 65536;
                break;
            case 1028: header_.parts.iptc = bytes(at, count); break;
            case 1039: header_.parts.icc = bytes(at, count); break;
            case 1047: header_.transparent = static_cast<int>(number(at, 2)); break;
            case 1057:
                if (count >= 5 && number(at + 4, 1) == 0) {
                    fail(ErrorKind::unsupported,
                         "is a PSD without its merged picture (save it with \"Maximize "
                         "compatibility\")");
                }
                break;
            case 1058: header_.parts.exif = bytes(at, count); break;
            case 1060: header_.parts.xmp = bytes(at, count); break;
            default: break;
        }
    }

    /// A negative number of layers says that the first channel behind the colours is the merged
    /// picture's transparency; so do blocks of their own beside those of 16 and 32 bits.
    bool tells_transparency(std::uint64_t at, std::uint64_t count) {
        const std::uint64_t end = at + count;
        const std::size_t size = header_.is_large ? 8 : 4;
        if (count < size) return false;
        const std::uint64_t layers = number(at, size);
        if (layers >= 2 && is_negative(at + size)) return true;
        at += size + layers;
        if (at + 4 > end) return false;
        at += 4 + number(at, 4);  // the global mask
        while (at + 12 <= end) {
            const std::string head = bytes(at, 12);
            const std::string kind = head.size() < 12 ? "" : head.substr(4, 4);
            if (kind == "Mtrn" || kind == "Mt16" || kind == "Mt32") return true;
            if (head.compare(0, 4, "8BIM") != 0 && head.compare(0, 4, "8B64") != 0) return false;
            const bool is_long =
                header_.is_large &&
                (kind == "Lr16" || kind == "Lr32" || kind == "Layr" || kind == "LMsk" ||
                 kind == "Alph" || kind == "FMsk" || kind == "lnk2" || kind == "FEid" ||
                 kind == "FXid" || kind == "PxSD");
            const std::uint64_t bytes_of = number(at + 8, is_long ? 8 : 4);
            const std::uint64_t value = at + (is_long ? 16 : 12);
            if ((kind == "Lr16" || kind == "Lr32") && bytes_of >= 2 && is_negative(value)) {
                return true;
            }
            if (bytes_of > end - value) return false;
            at = value + (bytes_of + 3) / 4 * 4;
        }
        return false;
    }

    bool is_negative(std::uint64_t at) { return (number(at, 1) & 0x80) != 0; }

    std::istream& stream_;
    const std::string& path_;
    PsdHeader header_;
};

}  // namespace

int PsdHeader::colours() const {
    switch (mode) {
        case PsdMode::bitmap:
        case PsdMode::grey:
        case PsdMode::indexed:
        case PsdMode::duotone: return 1;
        case PsdMode::rgb:
        case PsdMode::lab: return 3;
        case PsdMode::cmyk: return 4;
    }
    return 0;
}

PsdHeader read_psd_header(std::istream& stream, const std::string& path) {
    return HeaderReader(stream, path).read();
}

}  // namespace sisr
