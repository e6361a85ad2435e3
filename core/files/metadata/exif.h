/// EXIF data: a small TIFF stream without pixels.
#pragma once

#include "files/metadata/parts.h"

#include <cstdint>
#include <filesystem>
#include <istream>
#include <string>

namespace sisr {

/// EXIF's 1 to 8, or 0 when nothing is said.
int exif_orientation(const std::string& exif);

/// Changes values where they stand, so that everything else, maker notes with their inner offsets
/// too, keeps its place. Tags that are not there are not added. When the pixels were turned the
/// embedded thumbnail is left out, since it was not.
void update_exif(std::string& exif, const MetadataChanges& changes);

/// What a TIFF file says of the picture of one directory, as EXIF data of its own; empty when it
/// says nothing.
std::string exif_of_tiff(std::istream& tiff, std::uint64_t directory);

/// Takes the date out of each directory of a TIFF file: OpenImageIO writes the time of day there
/// when it knows no better, and the same picture would never make the same file. Throws Error{io}.
void drop_dates_of_tiff(const std::filesystem::path& file);

/// Adds EXIF, GPS, IPTC, XMP and Photoshop's resources to the first directory of a TIFF file, whose
/// own entries win. Throws Error{io}.
void add_to_tiff(const std::filesystem::path& file, const MetadataParts& parts);

}  // namespace sisr
