/// What is written into a file beside its pixels: OpenImageIO's attributes, and parts.
#pragma once

#include "files/file_metadata.h"
#include "files/format_table.h"

#include <OpenImageIO/imageio.h>

#include <string>

namespace sisr {

/// True when the metadata's parts are written byte for byte into a file of this format.
bool carries_parts(const FileMetadata& metadata, const Format& format);

/// The parts as they are to be written into a file of this format and size.
MetadataParts parts_for(const FileMetadata& metadata, const Format& format, Size size,
                        double resolution_scale);

/// Gives `spec`, whose size is set, what the source's attributes say of the picture rather than of
/// how it was stored.
void copy_attributes(const FileMetadata& metadata, const Format& format, double resolution_scale,
                     OIIO::ImageSpec& spec);

/// What OpenImageIO knows by name, as parts of a file of any kind.
MetadataParts parts_of_attributes(const OIIO::ImageSpec& spec);

/// From 1 to 100. wanted: the same, or 0: as the metadata's file, if that is known. metadata: may
/// be null.
int quality_for(const Format& format, int wanted, const FileMetadata* metadata);

/// quality and metadata: as above.
void set_compression(const Format& format, int quality, const FileMetadata* metadata,
                     OIIO::ImageSpec& spec);

/// Gives `spec`, whose size is set, the source's windows, scaled as the pixels were.
void place_windows(const FileMetadata& metadata, OIIO::ImageSpec& spec);

/// True for a profile of pictures with this many colour channels.
bool suits(const std::string& profile, int colour_channels);

}  // namespace sisr
