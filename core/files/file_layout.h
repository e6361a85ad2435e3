/// How a file's samples are laid out and meant, from what OpenImageIO tells of it.
#pragma once

#include <sisr/image_file.h>

#include <OpenImageIO/imageio.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sisr {

Depth depth_of(const OIIO::ImageSpec& spec);

/// format: OpenImageIO's name.
Encoding encoding_of(const OIIO::ImageSpec& spec, const std::string& format);

/// True for printing inks, also where OpenImageIO has turned them into RGB.
bool is_cmyk(const OIIO::ImageSpec& spec);

/// Positions in the file's pixels of our channels: colour, then alpha.
struct ChannelMap {
    std::vector<int> colour;
    int alpha = -1;

    /// True when the file's pixels are ours as they are.
    bool is_identity(int file_channels) const;
    /// stride: channels in the file.
    void pick(const float* in, int stride, std::size_t pixels, float* out) const;
};

/// The picture among a file's channels: R, G, B (and A), or Y, or the first layer that has them.
/// Without colours for channels of which nothing says that they are some.
ChannelMap map_channels(const OIIO::ImageSpec& spec);

/// Names of those channels that are not in the map, with commas.
std::string names_beside(const ChannelMap& map, const OIIO::ImageSpec& spec);

/// The ICC profile as OpenImageIO read it; empty if there is none.
std::string profile_of(const OIIO::ImageSpec& spec);

}  // namespace sisr
