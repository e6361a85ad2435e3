#include "files/metadata/tiff_directory.h"

#include <algorithm>

namespace sisr {
namespace {

constexpr std::uint64_t kMostEntries = 4096;
constexpr std::uint64_t kMostValueBytes = std::uint64_t{64} << 20;

std::size_t field_bytes(const TiffLayout& layout) { return layout.is_big_tiff ? 8 : 4; }
std::size_t entry_bytes(const TiffLayout& layout) { return layout.is_big_tiff ? 20 : 12; }

}  // namespace

std::uint64_t tiff_type_bytes(std::uint16_t type) {
    // BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT,
    // DOUBLE, IFD, two unused, LONG8, SLONG8, IFD8.
    constexpr std::uint8_t kBytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < sizeof kBytes ? kBytes[type] : 0;
}

std::string tiff_bytes(std::uint64_t number, std::size_t bytes, bool is_big_endian) {
    std::string result(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) {
        result[is_big_endian ? bytes - 1 - i : i] = static_cast<char>(number >> (8 * i) & 0xFF);
    }
    return result;
}

std::uint64_t tiff_number(const std::string& bytes, bool is_big_endian) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const char byte = bytes[is_big_endian ? i : bytes.size() - 1 - i];
        number = number << 8 | static_cast<unsigned char>(byte);
    }
    return number;
}

std::string swap_tiff_values(std::uint16_t type, std::string values) {
    const bool is_rational = type == 5 || type == 10;
    const auto unit = static_cast<std::ptrdiff_t>(is_rational ? 4 : tiff_type_bytes(type));
    if (unit < 2) return values;
    for (auto at = values.begin(); values.end() - at >= unit; at += unit) {
        std::reverse(at, at + unit);
    }
    return values;
}

const TiffEntry* TiffDirectory::find(std::uint16_t tag) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [tag](const TiffEntry& entry) { return entry.tag == tag; });
    return found == entries.end() ? nullptr : &*found;
}

TiffReader::TiffReader(std::istream& stream) : stream_(stream) {
    stream_.clear();
    stream_.seekg(0, std::ios::end);
    const std::streamoff end = stream_.tellg();
    size_ = end > 0 ? static_cast<std::uint64_t>(end) : 0;
    const std::string head = read(0, 8);
    if (head.size() != 8 || (head.compare(0, 2, "II") != 0 && head.compare(0, 2, "MM") != 0)) {
        return;
    }
    layout_.is_big_endian = head[0] == 'M';
    const std::uint64_t version = tiff_number(head.substr(2, 2), layout_.is_big_endian);
    layout_.is_big_tiff = version == 43;
    is_tiff_ = version == 42 || version == 43;
    first_ = tiff_number(read(first_directory_at(), field_bytes(layout_)), layout_.is_big_endian);
}

std::string TiffReader::read(std::uint64_t position, std::uint64_t bytes) {
    if (position > size_ || bytes > size_ - position || bytes > kMostValueBytes) return "";
    std::string result(bytes, '\0');
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(position));
    stream_.read(result.data(), static_cast<std::streamsize>(bytes));
    return stream_ ? result : "";
}

TiffDirectory TiffReader::directory(std::uint64_t position) {
    TiffDirectory result;
    if (!is_tiff_ || position == 0) return result;
    const bool big = layout_.is_big_endian;
    const std::size_t count_bytes = layout_.is_big_tiff ? 8 : 2;
    const std::string head = read(position, count_bytes);
    const std::uint64_t count = tiff_number(head, big);
    if (head.empty() || count > kMostEntries) return result;
    const std::size_t step = entry_bytes(layout_);
    const std::size_t field = field_bytes(layout_);
    const std::uint64_t begin = position + count_bytes;
    const std::string table = read(begin, count * step);
    if (table.size() != count * step) return result;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string bytes = table.substr(i * step, step);
        TiffEntry entry;
        entry.at = begin + i * step;
        entry.tag = static_cast<std::uint16_t>(tiff_number(bytes.substr(0, 2), big));
        entry.type = static_cast<std::uint16_t>(tiff_number(bytes.substr(2, 2), big));
        entry.count = tiff_number(bytes.substr(4, field), big);
        entry.field = bytes.substr(4 + field);
        const std::uint64_t unit = tiff_type_bytes(entry.type);
        if (unit == 0 || entry.count > kMostValueBytes / unit) continue;
        entry.bytes = unit * entry.count;
        entry.value_at =
            entry.bytes <= field ? entry.at + 4 + field : tiff_number(entry.field, big);
        if (entry.value_at > size_ || entry.bytes > size_ - entry.value_at) continue;
        result.entries.push_back(std::move(entry));
    }
    result.next_at = begin + count * step;
    result.next = tiff_number(read(result.next_at, field), big);
    return result;
}

TiffDirectory TiffReader::sub_directory(const TiffDirectory& directory_, std::uint16_t tag) {
    const TiffEntry* entry = directory_.find(tag);
    return entry == nullptr ? TiffDirectory{} : directory(number(*entry));
}

std::string TiffReader::value(const TiffEntry& entry) { return read(entry.value_at, entry.bytes); }

std::vector<std::uint64_t> TiffReader::numbers(const TiffEntry& entry) {
    const bool is_whole = entry.type == 1 || entry.type == 3 || entry.type == 4 ||
                          entry.type == 13 || entry.type == 16 || entry.type == 18;
    std::vector<std::uint64_t> result;
    const std::string bytes = is_whole ? value(entry) : "";
    const std::size_t step = tiff_type_bytes(entry.type);
    for (std::size_t at = 0; step > 0 && at + step <= bytes.size(); at += step) {
        result.push_back(tiff_number(bytes.substr(at, step), layout_.is_big_endian));
    }
    return result;
}

std::uint64_t TiffReader::number(const TiffEntry& entry) {
    const std::vector<std::uint64_t> all = numbers(entry);
    return all.empty() ? 0 : all.front();
}

std::string make_tiff_directory(std::vector<NewTiffEntry> entries, std::uint64_t position,
                                std::uint64_t next, const TiffLayout& layout) {
    std::sort(entries.begin(), entries.end(),
              [](const NewTiffEntry& a, const NewTiffEntry& b) { return a.tag < b.tag; });
    const bool big = layout.is_big_endian;
    const std::size_t field = field_bytes(layout);
    std::string table = tiff_bytes(entries.size(), layout.is_big_tiff ? 8 : 2, big);
    const std::uint64_t values_at =
        position + table.size() + entries.size() * entry_bytes(layout) + field;
    std::string values;
    for (const NewTiffEntry& entry : entries) {
        table += tiff_bytes(entry.tag, 2, big) + tiff_bytes(entry.type, 2, big) +
                 tiff_bytes(entry.count, field, big);
        if (entry.is_field || entry.value.size() <= field) {
            table += entry.value + std::string(field - entry.value.size(), '\0');
            continue;
        }
        if ((values_at + values.size()) % 2 != 0) values += '\0';
        table += tiff_bytes(values_at + values.size(), field, big);
        values += entry.value;
    }
    if ((values_at + values.size()) % 2 != 0) values += '\0';
    return table + tiff_bytes(next, field, big) + values;
}

}  // namespace sisr
