/// Directories of TIFF streams: of TIFF files and of EXIF data, of either byte order, classic or
/// BigTIFF. Trusts no number in them.
#pragma once

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace sisr {

struct TiffLayout {
    bool is_big_endian = false;
    bool is_big_tiff = false;
};

struct TiffEntry {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::uint64_t at = 0;        ///< position of the entry in the stream
    std::uint64_t value_at = 0;  ///< position of its values
    std::uint64_t bytes = 0;     ///< of its values
    std::string field;           ///< 4 bytes (BigTIFF: 8): the value, or where it is
};

struct TiffDirectory {
    std::vector<TiffEntry> entries;
    std::uint64_t next = 0;     ///< position of the next directory; 0: none
    std::uint64_t next_at = 0;  ///< position of that number

    const TiffEntry* find(std::uint16_t tag) const;
};

class TiffReader {
public:
    /// The stream must live as long as the reader.
    explicit TiffReader(std::istream& stream);

    /// False for a stream that does not begin as a TIFF does.
    bool is_tiff() const { return is_tiff_; }
    const TiffLayout& layout() const { return layout_; }
    std::uint64_t first_directory() const { return first_; }
    /// Position of the number that first_directory() returns.
    std::uint64_t first_directory_at() const { return layout_.is_big_tiff ? 8 : 4; }

    /// Empty when nothing can be read there. Entries that reach beyond the stream are left out.
    TiffDirectory directory(std::uint64_t position);
    /// The directory that an entry of another one points to, empty when there is none.
    TiffDirectory sub_directory(const TiffDirectory& directory, std::uint16_t tag);
    /// The values in the stream's byte order.
    std::string value(const TiffEntry& entry);
    /// The first value of an entry of whole numbers; 0 for other types.
    std::uint64_t number(const TiffEntry& entry);
    /// All of them.
    std::vector<std::uint64_t> numbers(const TiffEntry& entry);

private:
    std::string read(std::uint64_t position, std::uint64_t bytes);

    std::istream& stream_;
    std::uint64_t size_ = 0;
    std::uint64_t first_ = 0;
    TiffLayout layout_;
    bool is_tiff_ = false;
};

/// Bytes of one value of a type, 0 for types that TIFF does not have.
std::uint64_t tiff_type_bytes(std::uint16_t type);

/// A number of `bytes` bytes as it stands in a stream, and back.
std::string tiff_bytes(std::uint64_t number, std::size_t bytes, bool is_big_endian);
std::uint64_t tiff_number(const std::string& bytes, bool is_big_endian);

/// Values turned from one byte order to the other.
std::string swap_tiff_values(std::uint16_t type, std::string values);

struct NewTiffEntry {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::string value;      ///< in the target's byte order
    bool is_field = false;  ///< the value is an entry's `field`, taken over as it is
};

/// A directory as it stands at `position`, followed by its values.
std::string make_tiff_directory(std::vector<NewTiffEntry> entries, std::uint64_t position,
                                std::uint64_t next, const TiffLayout& layout);

}  // namespace sisr
