#include "files/file_layout.h"

#include "base/ascii.h"
#include "files/format_table.h"

#include <algorithm>
#include <initializer_list>

namespace sisr {
namespace {

/// -1: there is none of these names, which are in lower case.
int find_channel(const OIIO::ImageSpec& spec, std::initializer_list<const char*> names,
                 const std::string& layer = "") {
    for (const char* name : names) {
        for (int i = 0; i < spec.nchannels; ++i) {
            if (ascii_lower(spec.channel_name(i)) == ascii_lower(layer) + name) return i;
        }
    }
    return -1;
}

/// Red, green and blue of a layer ("name." or nothing); no colours when it lacks one.
ChannelMap rgb_of(const OIIO::ImageSpec& spec, const std::string& layer) {
    const int red = find_channel(spec, {"r", "red"}, layer);
    const int green = find_channel(spec, {"g", "green"}, layer);
    const int blue = find_channel(spec, {"b", "blue"}, layer);
    ChannelMap map;
    if (red < 0 || green < 0 || blue < 0) return map;
    map.colour = {red, green, blue};
    map.alpha = find_channel(spec, {"a", "alpha"}, layer);
    return map;
}

}  // namespace

Depth depth_of(const OIIO::ImageSpec& spec) {
    switch (spec.format.basetype) {
        case OIIO::TypeDesc::UINT8:
        case OIIO::TypeDesc::INT8: return Depth::u8;
        case OIIO::TypeDesc::UINT16:
        case OIIO::TypeDesc::INT16: return Depth::u16;
        case OIIO::TypeDesc::HALF: return Depth::half;
        default: return Depth::f32;
    }
}

Encoding encoding_of(const OIIO::ImageSpec& spec, const std::string& format) {
    const bool is_integer = depth_of(spec) == Depth::u8 || depth_of(spec) == Depth::u16;
    if (is_integer) return Encoding::display;
    const std::string space = ascii_lower(spec.get_string_attribute("oiio:ColorSpace"));
    // "Linear", "lin_rec709", "scene_linear"...
    if (!space.empty())
        return space.find("lin") == std::string::npos ? Encoding::display : Encoding::linear;
    // Nothing said: these formats hold light by convention, and so do float TIFFs, but for those
    // whose profile tells of a curve.
    const bool holds_light = has(format_named(format), kLight) || format == "psd" ||
                             (format == "tiff" && spec.find_attribute("ICCProfile") == nullptr);
    return holds_light ? Encoding::linear : Encoding::display;
}

ChannelMap map_channels(const OIIO::ImageSpec& spec) {
    ChannelMap map = rgb_of(spec, "");
    if (!map.colour.empty()) return map;
    const int grey = find_channel(spec, {"y", "i", "l", "v", "gray", "grey", "luminance"});
    // Beside chroma, or as one of XYZ, YUV, Lab, HSV and the like, luminance is no grey picture;
    // nor is a coordinate.
    const bool is_a_part =
        find_channel(spec, {"ry", "by", "x", "u", "cb", "q", "i2", "s", "b", "c", "k"}) >= 0;
    if (grey >= 0 && !is_a_part) {
        map.colour = {grey};
        map.alpha = find_channel(spec, {"a", "alpha"});
        return map;
    }
    for (const std::string& name : spec.channelnames) {
        const auto dot = name.rfind('.');
        if (dot != std::string::npos) map = rgb_of(spec, name.substr(0, dot + 1));
        if (!map.colour.empty()) return map;
    }
    return map;
}

std::string names_beside(const ChannelMap& map, const OIIO::ImageSpec& spec) {
    std::string names;
    for (int i = 0; i < spec.nchannels; ++i) {
        const bool is_used = i == map.alpha ||
                             std::find(map.colour.begin(), map.colour.end(), i) != map.colour.end();
        if (!is_used) names += (names.empty() ? "" : ", ") + std::string(spec.channel_name(i));
    }
    return names;
}

bool is_cmyk(const OIIO::ImageSpec& spec) {
    constexpr int kTiffSeparated = 5;
    return spec.get_int_attribute("tiff:PhotometricInterpretation", -1) == kTiffSeparated ||
           spec.get_string_attribute("tiff:ColorSpace") == "CMYK" ||
           spec.get_string_attribute("jpeg:ColorSpace") == "CMYK" ||
           spec.get_string_attribute("jpeg:ColorSpace") == "YCbCrK" ||
           (!spec.channelnames.empty() && spec.channelnames[0] == "C" && spec.nchannels >= 4);
}

bool ChannelMap::is_identity(int file_channels) const {
    std::vector<int> ours = colour;
    if (alpha >= 0) ours.push_back(alpha);
    if (static_cast<int>(ours.size()) != file_channels) return false;
    for (int i = 0; i < file_channels; ++i) {
        if (ours[static_cast<std::size_t>(i)] != i) return false;
    }
    return true;
}

void ChannelMap::pick(const float* in, int stride, std::size_t pixels, float* out) const {
    for (; pixels > 0; --pixels, in += stride) {
        for (const int channel : colour) *out++ = in[channel];
        if (alpha >= 0) *out++ = in[alpha];
    }
}

std::string profile_of(const OIIO::ImageSpec& spec) {
    const OIIO::ParamValue* profile = spec.find_attribute("ICCProfile");
    if (profile == nullptr) return "";
    return {static_cast<const char*>(profile->data()),
            static_cast<std::size_t>(profile->datasize())};
}

}  // namespace sisr
