/// What each format of files can hold: one row each, asked wherever a format matters.
#pragma once

#include <sisr/image_file.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace sisr {

/// Who writes a format.
enum class Codec { none, openimageio, png, jpeg, gif, heif, webp };

struct Format {
    const char* name;   ///< OpenImageIO's, but that "avif" is told from "heif"
    const char* label;  ///< for people
    Codec writer;
    std::int64_t max_width;  ///< that the format or its codec takes
    std::int64_t max_height;
    std::int64_t min_side;
    std::uint64_t max_bytes;  ///< of all samples together
    std::uint32_t traits;     ///< of Trait
};

enum Trait : std::uint32_t {
    kAlpha = 1 << 0,
    kGrey = 1 << 1,   ///< pictures of one colour channel; without it they are written as RGB
    kFloat = 1 << 2,  ///< half and float
    kLight = 1 << 3,  ///< samples are proportional to light, by convention
    kOnly8 = 1 << 4,  ///< is written with 8 bits, whatever OpenImageIO may say
    kPages = 1 << 5,
    kParts = 1 << 6,            ///< MetadataParts are read and written
    kSignal = 1 << 7,           ///< tells what its samples mean by code points (cICP, nclx)
    kTurns = 1 << 8,            ///< viewers turn it by its EXIF orientation
    kAssociated = 1 << 9,       ///< alpha is premultiplied
    kWindows = 1 << 11,         ///< tells where its pixels lie in what is to be seen
    kEmptyAtFailure = 1 << 10,  ///< the encoder may fail without a word
    kPlain = 1 << 12,  ///< samples stand in the file as they are; the codec may not see a full disk
};

inline bool has(const Format& format, Trait trait) { return (format.traits & trait) != 0; }

/// The row of a name; for formats that are only read, one without limits and traits.
const Format& format_named(const std::string& name);

/// The row of the format in which a file of this name is written; its writer is `none` where there
/// is no such.
const Format& format_of(const std::filesystem::path& file);

/// Throws Error{unsupported} about `file` when its format cannot hold pages of this size: a line
/// that names the limit, and formats without it. sample_bytes: of all pages together.
void check_size(const Format& format, const std::filesystem::path& file, Size size,
                std::uint64_t sample_bytes);

}  // namespace sisr
