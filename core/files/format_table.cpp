#include "files/format_table.h"

#include "base/ascii.h"
#include "files/openimageio_files.h"

#include <sisr/error.h>

#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

namespace sisr {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kNoBytes = std::numeric_limits<std::uint64_t>::max();
// Whose files tell their size in 32 bits; some room is left for their heads.
constexpr std::uint64_t kBytesOf32Bits = 4'294'000'000;
constexpr std::int64_t kLibpngLimit = 1'000'000;  // its own, and its readers'
constexpr std::int64_t kOf16Bits = 65535;
constexpr std::int64_t kLibjpegLimit = 65500;
constexpr std::int64_t kLibheifLimit = 32768;  // what its readers take
constexpr std::int64_t kX265Limit = 16384;
constexpr int kNarrow = 32;
constexpr int kLongestNarrow = 4096;
// OpenImageIO's own since 2.5, for its simple formats and for most others.
#if OIIO_VERSION < OIIO_MAKE_VERSION(2, 5, 0)
constexpr std::int64_t kOiioSimple = kNoLimit;
constexpr std::int64_t kOiioLimit = kNoLimit;
constexpr std::int64_t kLeastJpeg2000 = 32;  // smaller ones come out empty
#else
constexpr std::int64_t kOiioSimple = 65535;
constexpr std::int64_t kOiioLimit = 1 << 20;
constexpr std::int64_t kLeastJpeg2000 = 1;
#endif

constexpr std::uint32_t kPhoto = kGrey | kParts;

// clang-format off
constexpr Format kFormats[] = {
    // name       label        written by          width         height        least           bytes           traits
    {"png",      "PNG",       Codec::png,         kLibpngLimit, kLibpngLimit, 1,              kNoBytes,       kPhoto | kAlpha | kSignal},
    {"jpeg",     "JPEG",      Codec::jpeg,        kLibjpegLimit, kLibjpegLimit, 1,            kNoBytes,       kPhoto | kOnly8 | kTurns},
    {"tiff",     "TIFF",      Codec::openimageio, kOiioLimit,   kOiioLimit,   1,              kNoBytes,       kPhoto | kAlpha | kFloat | kPages | kTurns},
    {"webp",     "WebP",      Codec::webp,        16383,        16383,        1,              kNoBytes,       kParts | kAlpha | kOnly8},
    {"gif",      "GIF",       Codec::gif,         kOf16Bits,    kOf16Bits,    1,              kNoBytes,       kAlpha | kPages | kOnly8},
    {"heif",     "HEIC",      Codec::heif,        kX265Limit,   kX265Limit,   1,              kNoBytes,       kParts | kAlpha | kSignal | kEmptyAtFailure},
    {"avif",     "AVIF",      Codec::heif,        kLibheifLimit, kLibheifLimit, 1,            kNoBytes,       kParts | kAlpha | kSignal | kEmptyAtFailure},
    {"openexr",  "OpenEXR",   Codec::openimageio, kNoLimit,     kNoLimit,     1,              kNoBytes,       kGrey | kAlpha | kFloat | kLight | kAssociated | kWindows},
    {"hdr",      "Radiance",  Codec::openimageio, kOiioLimit,   kOiioLimit,   1,              kNoBytes,       kFloat | kLight},
    {"bmp",      "BMP",       Codec::openimageio, kOiioSimple,  kOiioSimple,  1,              kBytesOf32Bits, kGrey | kAlpha | kOnly8},
    {"targa",    "Targa",     Codec::openimageio, kOf16Bits,    kOf16Bits,    1,              kNoBytes,       kGrey | kAlpha | kOnly8},
    {"sgi",      "SGI",       Codec::openimageio, kOf16Bits,    kOf16Bits,    1,              kNoBytes,       kGrey | kAlpha | kPlain},
    {"jpeg2000", "JPEG 2000", Codec::openimageio, kOiioLimit,   kOiioLimit,   kLeastJpeg2000, kNoBytes,       kGrey | kAlpha | kEmptyAtFailure},
    {"dpx",      "DPX",       Codec::openimageio, kOiioLimit,   kOiioLimit,   1,              kBytesOf32Bits, kGrey | kAlpha},
    {"rla",      "RLA",       Codec::openimageio, 32767,        32767,        1,              kBytesOf32Bits, kGrey | kAlpha | kAssociated},
    {"fits",     "FITS",      Codec::openimageio, kNoLimit,     kNoLimit,     1,              kNoBytes,       kGrey | kAlpha | kPlain},
    // OpenImageIO 2.4 writes 16-bit portable anymaps that nobody can read.
    {"pnm",      "Netpbm",    Codec::openimageio, kOiioSimple,  kOiioSimple,  1,              kNoBytes,       kGrey | kOnly8},
    {"ico",      "icon",      Codec::openimageio, 256,          256,          1,              kNoBytes,       kGrey | kAlpha},
};
// clang-format on

constexpr Format kUnknown{"", "", Codec::none, kNoLimit, kNoLimit, 1, kNoBytes, 0};

/// x265 takes no strip that is narrow and long, whichever way it lies.
bool is_too_narrow(const Format& format, Size size) {
    return format.name == std::string_view("heif") && std::min(size.width, size.height) < kNarrow &&
           std::max(size.width, size.height) > kLongestNarrow;
}

bool holds(const Format& format, Size size, std::uint64_t sample_bytes) {
    return !is_too_narrow(format, size) && size.width <= format.max_width &&
           size.height <= format.max_height &&
           std::min(size.width, size.height) >= format.min_side && sample_bytes <= format.max_bytes;
}

/// "PNG and TIFF files hold it": of those that most programs read.
std::string others_for(const Format& format, Size size, std::uint64_t sample_bytes) {
    if (!holds(format_named("tiff"), size, sample_bytes)) return "OpenEXR files hold it";
    if (has(format, kLight)) return "TIFF files hold it";
    const bool png_holds = holds(format_named("png"), size, sample_bytes);
    return png_holds ? "PNG and TIFF files hold it" : "TIFF files hold it";
}

std::string limit_of(const Format& format, Size size) {
    const std::string files = std::string(format.label) + " files ";
    if (size.width > format.max_width) {
        return files + "hold at most " + std::to_string(format.max_width) + " pixels across";
    }
    if (size.height > format.max_height) {
        return files + "hold at most " + std::to_string(format.max_height) + " pixels down";
    }
    if (is_too_narrow(format, size)) {
        return files + "of less than " + std::to_string(kNarrow) + " pixels hold at most " +
               std::to_string(kLongestNarrow) + " the other way";
    }
    if (std::min(size.width, size.height) < format.min_side) {
        return files + "of less than " + std::to_string(format.min_side) +
               " pixels a side are not written";
    }
    return files + "hold at most 4 GB";
}

}  // namespace

const Format& format_named(const std::string& name) {
    const auto* const found =
        std::find_if(std::begin(kFormats), std::end(kFormats),
                     [&name](const Format& format) { return name == format.name; });
    return found == std::end(kFormats) ? kUnknown : *found;
}

const Format& format_of(const std::filesystem::path& file) {
    if (lower_extension(file) == ".avif") return format_named("avif");
    const auto output = create_output(file);
    return output ? format_named(output->format_name()) : kUnknown;
}

void check_size(const Format& format, const std::filesystem::path& file, Size size,
                std::uint64_t sample_bytes) {
    if (holds(format, size, sample_bytes)) return;
    throw Error(ErrorKind::unsupported, file.string(),
                "cannot be written with " + std::to_string(size.width) + "x" +
                    std::to_string(size.height) + " pixels: " + limit_of(format, size) + "; " +
                    others_for(format, size, sample_bytes));
}

}  // namespace sisr
