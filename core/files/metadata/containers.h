/// JPEG, PNG and WebP files, as far as their metadata goes.
#pragma once

#include "files/metadata/parts.h"

#include <filesystem>
#include <istream>
#include <string>

namespace sisr {

/// These expect the stream behind the signature and add what they find; damage ends the search.
void read_jpeg_parts(std::istream& stream, MetadataParts& parts);
void read_png_parts(std::istream& stream, MetadataParts& parts);
void read_webp_parts(std::istream& stream, MetadataParts& parts);

/// What a GIF tells of its frames outside of their pixels.
struct GifOutline {
    std::vector<int> delays;   ///< of each whole frame, in hundredths of a second
    std::optional<int> loops;  ///< repetitions, 0 for ever; none: shown once
    bool may_be_transparent = false;
    bool is_cut_off = false;  ///< the file ends in a frame
};

/// These expect the stream behind the signature.
GifOutline read_gif_outline(std::istream& stream);
int count_gif_frames(std::istream& stream);

/// The segments that hold the parts, to stand behind JFIF's own.
std::string jpeg_segments_of(const MetadataParts& parts);

/// How far the head of a PNG reaches that is being written: all before the first pixel data.
/// 0: not written yet.
std::size_t png_head_bytes(const std::string& begin);

/// The head with the parts in the place of what the codec has written of their kinds.
std::string png_head_with_profile(const std::string& head, const std::string& profile);
std::string png_head_with(const std::string& head, const MetadataParts& parts);

/// The head of a picture that is `height` rows high, from that of another.
std::string png_head_of_height(const std::string& head, std::size_t height);

/// Adds profile, EXIF and XMP to a whole WebP file (their format holds no IPTC). Throws Error{io}.
void add_to_webp(const std::filesystem::path& file, Size size, bool has_alpha,
                 const MetadataParts& parts);

/// The IPTC records among Photoshop's image resources; empty if there are none.
std::string iptc_of_photoshop(const std::string& resources);
/// Image resources that hold just these records.
std::string photoshop_of_iptc(const std::string& iptc);

/// The quality from 1 to 100 at which libjpeg makes about this table of luminance (in zigzag
/// order, as the file has it).
int jpeg_quality_of(const std::vector<int>& table);

}  // namespace sisr
