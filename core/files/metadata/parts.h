/// The descriptive parts of JPEG, PNG, WebP and TIFF files, byte for byte. OpenImageIO's attributes
/// keep what it knows by name; these keep all the rest: maker notes, unknown XMP schemas, comments.
#pragma once

#include <sisr/image.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sisr {

/// How samples are meant, by the code points of ITU-T H.273: a PNG's cICP, a HEIC's nclx.
struct ColourSignal {
    int primaries = 2;  ///< 2: not told
    int transfer = 2;
    int matrix = 0;
    bool is_full_range = true;

    /// Light of more than a display's white, by PQ or HLG.
    bool is_hdr() const { return transfer == 16 || transfer == 18; }
};

/// In UTF-8.
struct KeyedText {
    std::string keyword;
    std::string text;
};

struct MetadataParts {
    bool is_known = false;  ///< the file is of a kind that is taken apart here
    std::string exif;       ///< a TIFF stream, without JPEG's "Exif\0\0"
    std::string xmp;        ///< an XMP packet
    std::string iptc;       ///< IIM records
    std::string photoshop;  ///< image resources ("8BIM"...), the IPTC records among them
    std::string icc;
    std::string comment;
    std::vector<std::string> xmp_extension;  ///< payloads of JPEG segments, for packets over 64 KB
    std::vector<std::string> png_chunks;     ///< whole chunks: text, and how colour is meant
    std::vector<KeyedText> texts;            ///< the same texts, for files of other kinds
    std::optional<ColourSignal> signal;
    std::vector<std::string>
        left_out;              ///< what the file holds besides and nobody reads: "a depth map"
    int bits = 0;              ///< of a sample, in HEIC and AVIF files
    int frames = 1;            ///< of an animation; 1 for kinds that have none
    int jpeg_quality = 0;      ///< as libjpeg counts it; 0: unknown
    bool is_lossless = false;  ///< of WebP
};

/// Reads the parts of a file by its first bytes. Never throws for what a file holds: parts that are
/// damaged are left out.
MetadataParts read_parts(const std::filesystem::path& file);

/// What enlarging changes in the metadata.
struct MetadataChanges {
    Size size;                    ///< of the result
    bool is_turned = false;       ///< the pixels are upright now, whatever the file said
    double resolution_scale = 1;  ///< pixels per inch grow by this factor
};

void update_parts(MetadataParts& parts, const MetadataChanges& changes);

/// EXIF's 1 to 8, or 0 when nothing is said.
int orientation_of(const MetadataParts& parts);

}  // namespace sisr
