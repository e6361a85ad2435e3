#include "files/metadata/exif.h"

#include "files/metadata/tiff_directory.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>

namespace sisr {
namespace {

constexpr std::uint16_t kByte = 1;
constexpr std::uint16_t kShort = 3;
constexpr std::uint16_t kLong = 4;
constexpr std::uint16_t kRational = 5;
constexpr std::uint16_t kUndefined = 7;
constexpr std::uint16_t kLastClassicType = 12;

constexpr std::uint16_t kImageWidth = 0x0100;
constexpr std::uint16_t kImageLength = 0x0101;
constexpr std::uint16_t kOrientation = 0x0112;
constexpr std::uint16_t kDateTime = 0x0132;
constexpr std::uint16_t kXResolution = 0x011A;
constexpr std::uint16_t kYResolution = 0x011B;
constexpr std::uint16_t kXmp = 0x02BC;
constexpr std::uint16_t kIptc = 0x83BB;
constexpr std::uint16_t kPhotoshop = 0x8649;
constexpr std::uint16_t kExifDirectory = 0x8769;
constexpr std::uint16_t kGpsDirectory = 0x8825;
constexpr std::uint16_t kPixelXDimension = 0xA002;
constexpr std::uint16_t kPixelYDimension = 0xA003;
constexpr std::uint16_t kInteropDirectory = 0xA005;

/// Tags of a main directory that tell of the picture, not of its storage.
// clang-format off
constexpr std::uint16_t kDescriptive[] = {
    0x010D, 0x010E, 0x010F, 0x0110,          // DocumentName, ImageDescription, Make, Model
    kOrientation, kXResolution, kYResolution,
    0x011D, 0x0128, 0x0129,                  // PageName, ResolutionUnit, PageNumber
    0x012D, 0x013E, 0x013F,                  // TransferFunction, WhitePoint, its primaries
    0x0131, kDateTime, 0x013B, 0x013C,          // Software, DateTime, Artist, HostComputer
    0x4746, 0x4749,                          // Rating, RatingPercent
    0x8298,                                  // Copyright
    0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F,  // Windows' title, comment, author, keywords, subject
};
// clang-format on

bool is_descriptive(std::uint16_t tag) {
    return std::find(std::begin(kDescriptive), std::end(kDescriptive), tag) !=
           std::end(kDescriptive);
}

/// Values of a stream in memory, changed in place.
class ExifEditor {
public:
    explicit ExifEditor(std::string& exif) : exif_(exif), stream_(exif), reader_(stream_) {}

    TiffReader& reader() { return reader_; }

    void set_number(const TiffEntry* entry, std::uint32_t number) {
        if (entry == nullptr || entry->count != 1) return;
        if (entry->type == kShort && number <= 0xFFFF) {
            put(entry->value_at, number, 2);
        } else if (entry->type == kShort || entry->type == kLong) {
            put(entry->at + 2, kLong, 2);
            put(entry->value_at, number, 4);
        }
    }

    void scale_rational(const TiffEntry* entry, double scale) {
        if (entry == nullptr || entry->count != 1 || entry->type != kRational) return;
        const std::string bytes = reader_.value(*entry);
        const bool big = reader_.layout().is_big_endian;
        const double above = static_cast<double>(tiff_number(bytes.substr(0, 4), big));
        const double below = static_cast<double>(tiff_number(bytes.substr(4, 4), big));
        const double hundredfold = below > 0 ? std::round(100 * scale * above / below) : 0;
        if (!(hundredfold > 0 && hundredfold < 4e9)) return;
        put(entry->value_at, static_cast<std::uint32_t>(hundredfold), 4);
        put(entry->value_at + 4, 100, 4);
    }

    void put(std::uint64_t position, std::uint64_t number, std::size_t bytes) {
        if (position + bytes > exif_.size()) return;
        exif_.replace(position, bytes, tiff_bytes(number, bytes, reader_.layout().is_big_endian));
    }

private:
    std::string& exif_;
    std::istringstream stream_;
    TiffReader reader_;
};

/// The entries of a directory whose values can be carried to another place.
std::vector<NewTiffEntry> carry(TiffReader& reader, const TiffDirectory& directory,
                                bool only_descriptive, bool swap) {
    std::vector<NewTiffEntry> carried;
    for (const TiffEntry& entry : directory.entries) {
        const bool is_pointer = entry.tag == kExifDirectory || entry.tag == kGpsDirectory ||
                                entry.tag == kInteropDirectory || entry.type > kLastClassicType;
        if (is_pointer || (only_descriptive && !is_descriptive(entry.tag))) continue;
        std::string value = reader.value(entry);
        if (swap) value = swap_tiff_values(entry.type, std::move(value));
        carried.push_back({entry.tag, entry.type, entry.count, std::move(value), false});
    }
    return carried;
}

NewTiffEntry pointer(std::uint16_t tag, std::uint64_t position, const TiffLayout& layout) {
    const std::uint16_t type = layout.is_big_tiff ? 16 : kLong;  // LONG8
    return {tag, type, 1, tiff_bytes(position, layout.is_big_tiff ? 8 : 4, layout.is_big_endian),
            false};
}

/// Adds at the end of a file, and knows where that is.
class TiffAppender {
public:
    TiffAppender(std::fstream& file, const TiffLayout& layout) : file_(file), layout_(layout) {
        file_.clear();
        file_.seekp(0, std::ios::end);
        end_ = static_cast<std::uint64_t>(file_.tellp());
        if (end_ % 2 != 0) append(std::string(1, '\0'));
    }
    std::uint64_t end() const { return end_; }

    /// Returns where the directory stands.
    std::uint64_t append_directory(std::vector<NewTiffEntry> entries, std::uint64_t next = 0) {
        const std::uint64_t position = end_;
        append(make_tiff_directory(std::move(entries), position, next, layout_));
        return position;
    }

private:
    void append(const std::string& bytes) {
        file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        end_ += bytes.size();
    }

    std::fstream& file_;
    TiffLayout layout_;
    std::uint64_t end_ = 0;
};

/// The EXIF data's own main directory, and pointers to its others, which are appended.
std::vector<NewTiffEntry> append_exif(TiffAppender& appender, const std::string& exif,
                                      const TiffLayout& layout) {
    std::istringstream stream(exif);
    TiffReader reader(stream);
    const TiffDirectory main = reader.directory(reader.first_directory());
    const bool swap = reader.layout().is_big_endian != layout.is_big_endian;
    std::vector<NewTiffEntry> entries = carry(reader, main, true, swap);
    for (const std::uint16_t tag : {kExifDirectory, kGpsDirectory}) {
        auto below = carry(reader, reader.sub_directory(main, tag), false, swap);
        if (below.empty()) continue;
        entries.push_back(pointer(tag, appender.append_directory(std::move(below)), layout));
    }
    return entries;
}

/// Shortens a directory in place, and blanks what the tag said.
void drop_tag(std::fstream& stream, const TiffLayout& layout, std::uint64_t directory,
              const TiffEntry& entry, const TiffDirectory& entries) {
    const std::size_t count_bytes = layout.is_big_tiff ? 8 : 2;
    const std::uint64_t step = layout.is_big_tiff ? 20 : 12;
    const std::uint64_t end = entries.next_at + (layout.is_big_tiff ? 8 : 4);
    std::string rest(end - entry.at - step, '\0');
    stream.clear();
    stream.seekp(static_cast<std::streamoff>(entry.value_at));
    stream << std::string(entry.bytes, '\0');
    stream.seekg(static_cast<std::streamoff>(entry.at + step));
    stream.read(rest.data(), static_cast<std::streamsize>(rest.size()));
    stream.seekp(static_cast<std::streamoff>(entry.at));
    stream.write(rest.data(), static_cast<std::streamsize>(rest.size()));
    stream.seekp(static_cast<std::streamoff>(directory));
    stream << tiff_bytes((entries.next_at - directory - count_bytes) / step - 1, count_bytes,
                         layout.is_big_endian);
}

}  // namespace

int exif_orientation(const std::string& exif) {
    std::istringstream stream(exif);
    TiffReader reader(stream);
    const TiffDirectory main = reader.directory(reader.first_directory());
    const TiffEntry* entry = main.find(kOrientation);
    const std::uint64_t value = entry == nullptr ? 0 : reader.number(*entry);
    return value <= 8 ? static_cast<int>(value) : 0;
}

void update_exif(std::string& exif, const MetadataChanges& changes) {
    ExifEditor editor(exif);
    const TiffDirectory main = editor.reader().directory(editor.reader().first_directory());
    const TiffDirectory photo = editor.reader().sub_directory(main, kExifDirectory);
    const auto width = static_cast<std::uint32_t>(changes.size.width);
    const auto height = static_cast<std::uint32_t>(changes.size.height);
    editor.set_number(main.find(kImageWidth), width);
    editor.set_number(main.find(kImageLength), height);
    editor.set_number(photo.find(kPixelXDimension), width);
    editor.set_number(photo.find(kPixelYDimension), height);
    if (changes.is_turned) {
        editor.set_number(main.find(kOrientation), 1);
        if (main.next_at > 0) editor.put(main.next_at, 0, 4);
    }
    if (changes.resolution_scale != 1) {
        editor.scale_rational(main.find(kXResolution), changes.resolution_scale);
        editor.scale_rational(main.find(kYResolution), changes.resolution_scale);
    }
}

std::string exif_of_tiff(std::istream& tiff, std::uint64_t directory) {
    TiffReader reader(tiff);
    const TiffDirectory main = reader.directory(directory);
    std::vector<NewTiffEntry> entries = carry(reader, main, true, false);
    const TiffLayout layout{reader.layout().is_big_endian, false};
    const std::size_t own = entries.size();
    std::vector<std::vector<NewTiffEntry>> below;
    for (const std::uint16_t tag : {kExifDirectory, kGpsDirectory}) {
        auto carried = carry(reader, reader.sub_directory(main, tag), false, false);
        if (carried.empty()) continue;
        entries.push_back(pointer(tag, 0, layout));
        below.push_back(std::move(carried));
    }
    if (entries.empty()) return "";
    const std::string head = std::string(layout.is_big_endian ? "MM" : "II") +
                             tiff_bytes(42, 2, layout.is_big_endian) +
                             tiff_bytes(8, 4, layout.is_big_endian);
    // The size of the main directory does not depend on what its pointers say.
    std::uint64_t position =
        head.size() + make_tiff_directory(entries, head.size(), 0, layout).size();
    std::string directories;
    for (std::size_t i = 0; i < below.size(); ++i) {
        entries[own + i] = pointer(entries[own + i].tag, position, layout);
        const std::string bytes = make_tiff_directory(std::move(below[i]), position, 0, layout);
        directories += bytes;
        position += bytes.size();
    }
    return head + make_tiff_directory(std::move(entries), head.size(), 0, layout) + directories;
}

void drop_dates_of_tiff(const std::filesystem::path& file) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    TiffReader reader(stream);
    std::uint64_t at = reader.first_directory();
    while (at != 0) {
        const TiffDirectory directory = reader.directory(at);
        const TiffEntry* date = directory.find(kDateTime);
        if (date != nullptr) drop_tag(stream, reader.layout(), at, *date, directory);
        at = directory.next;
    }
    stream.close();
    if (!stream) throw Error(ErrorKind::io, file.string(), "cannot be written");
}

void add_to_tiff(const std::filesystem::path& file, const MetadataParts& parts) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    TiffReader reader(stream);
    const TiffDirectory main = reader.directory(reader.first_directory());
    const TiffLayout layout = reader.layout();
    if (main.entries.empty()) throw Error(ErrorKind::io, file.string(), "cannot be read back");
    TiffAppender appender(stream, layout);
    std::vector<NewTiffEntry> added = append_exif(appender, parts.exif, layout);
    const auto add_bytes = [&added](std::uint16_t tag, std::uint16_t type,
                                    const std::string& bytes) {
        if (!bytes.empty()) added.push_back({tag, type, bytes.size(), bytes, false});
    };
    add_bytes(kXmp, kByte, parts.xmp);
    add_bytes(kIptc, kUndefined, parts.iptc);
    add_bytes(kPhotoshop, kByte, parts.photoshop);
    if (added.empty()) return;

    std::vector<NewTiffEntry> entries;
    for (const TiffEntry& entry : main.entries) {
        entries.push_back({entry.tag, entry.type, entry.count, entry.field, true});
    }
    for (NewTiffEntry& entry : added) {
        if (main.find(entry.tag) == nullptr) entries.push_back(std::move(entry));
    }
    const std::uint64_t position = appender.append_directory(std::move(entries), main.next);
    const std::size_t bytes = layout.is_big_tiff ? 8 : 4;
    stream.seekp(static_cast<std::streamoff>(reader.first_directory_at()));
    stream << tiff_bytes(position, bytes, layout.is_big_endian);
    stream.close();
    if (!stream) throw Error(ErrorKind::io, file.string(), "cannot be written");
}

}  // namespace sisr
