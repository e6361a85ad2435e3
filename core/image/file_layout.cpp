#include "image/file_layout.h"

#include "image/file_metadata.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

namespace sisr {

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
    std::string space = spec.get_string_attribute("oiio:ColorSpace");
    std::transform(space.begin(), space.end(), space.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    // "Linear", "lin_rec709", "scene_linear"...
    if (!space.empty())
        return space.find("lin") == std::string::npos ? Encoding::display : Encoding::linear;
    // Nothing said: these formats hold light by convention, and so do float TIFFs, but for those
    // whose profile tells of a curve.
    const bool holds_light = is_linear_format(format) ||
                             (format == "tiff" && spec.find_attribute("ICCProfile") == nullptr);
    return holds_light ? Encoding::linear : Encoding::display;
}

ChannelMap map_channels(const OIIO::ImageSpec& spec) {
    const auto find = [&spec](const char* name) {
        const auto found = std::find(spec.channelnames.begin(), spec.channelnames.end(), name);
        return found == spec.channelnames.end()
                   ? -1
                   : static_cast<int>(found - spec.channelnames.begin());
    };
    ChannelMap map;
    map.alpha = spec.alpha_channel < spec.nchannels ? spec.alpha_channel : -1;
    const std::array<int, 3> rgb{find("R"), find("G"), find("B")};
    if (std::all_of(rgb.begin(), rgb.end(), [](int channel) { return channel >= 0; })) {
        map.colour.assign(rgb.begin(), rgb.end());
    } else if (find("Y") >= 0 && spec.nchannels < 3) {
        map.colour = {find("Y")};
    } else {
        const int rest = spec.nchannels - (map.alpha >= 0 ? 1 : 0);
        for (int i = 0; static_cast<int>(map.colour.size()) < (rest >= 3 ? 3 : 1); ++i) {
            if (i != map.alpha) map.colour.push_back(i);
        }
    }
    return map;
}

bool has_associated_alpha(const OIIO::ImageSpec& spec, const std::string& format) {
    // Files of these formats hold straight colours, and come so, but their readers do not say it.
    const std::initializer_list<const char*> kStraight = {"bmp", "dds", "dpx", "jpeg2000",
                                                          "pnm", "psd", "sgi"};
    const bool is_straight =
        std::find(kStraight.begin(), kStraight.end(), format) != kStraight.end();
    return !is_straight && spec.get_int_attribute("oiio:UnassociatedAlpha") == 0;
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
