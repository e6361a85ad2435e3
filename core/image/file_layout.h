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

/// True when colours come multiplied by their alpha though straight ones were asked for.
bool has_associated_alpha(const OIIO::ImageSpec& spec, const std::string& format);

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

ChannelMap map_channels(const OIIO::ImageSpec& spec);

/// The ICC profile as OpenImageIO read it; empty if there is none.
std::string profile_of(const OIIO::ImageSpec& spec);

}  // namespace sisr
