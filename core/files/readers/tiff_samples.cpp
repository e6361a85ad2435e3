#include "files/readers/tiff_samples.h"

#include "files/cmyk.h"
#include "image/lab.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>

namespace sisr {
namespace {

template <class T>
void unpack_as(const std::uint8_t* bytes, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        T value;
        std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
        out[i] = static_cast<float>(value);
    }
}

/// Most significant bits first, whatever the byte order.
void unpack_bits(const std::uint8_t* bytes, std::size_t bits, std::size_t count, float* out) {
    std::uint32_t held = 0;
    std::size_t have = 0;
    for (std::size_t i = 0; i < count; ++i) {
        while (have < bits) {
            held = held << 8 | *bytes++;
            have += 8;
        }
        have -= bits;
        out[i] = static_cast<float>(held >> have & ((1U << bits) - 1));
    }
}

std::uint32_t three_bytes(const std::uint8_t* bytes) {
    const std::uint16_t one = 1;
    std::uint8_t first = 0;
    std::memcpy(&first, &one, 1);
    const bool is_little = first == 1;
    const std::size_t low = is_little ? 0 : 2;
    return static_cast<std::uint32_t>(bytes[low]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
           static_cast<std::uint32_t>(bytes[2 - low]) << 16;
}

/// A floating-point number of fewer bits than usual.
float small_float(std::uint32_t value, int exponent_bits, int fraction_bits) {
    const std::uint32_t sign = value >> (exponent_bits + fraction_bits);
    const std::uint32_t exponent = value >> fraction_bits & ((1U << exponent_bits) - 1);
    const std::uint32_t fraction = value & ((1U << fraction_bits) - 1);
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const double part = std::ldexp(static_cast<double>(fraction), -fraction_bits);
    double result = 0;
    if (exponent == (1U << exponent_bits) - 1) {
        result = fraction == 0 ? INFINITY : NAN;
    } else if (exponent == 0) {
        result = std::ldexp(part, 1 - bias);
    } else {
        result = std::ldexp(1 + part, static_cast<int>(exponent) - bias);
    }
    return static_cast<float>(sign != 0 ? -result : result);
}

void unpack_floats(const std::uint8_t* bytes, int bits, std::size_t count, float* out) {
    switch (bits) {
        case 16:
            for (std::size_t i = 0; i < count; ++i) {
                std::uint16_t value;
                std::memcpy(&value, bytes + 2 * i, 2);
                out[i] = small_float(value, 5, 10);
            }
            break;
        case 24:
            for (std::size_t i = 0; i < count; ++i) {
                out[i] = small_float(three_bytes(bytes + 3 * i), 7, 16);
            }
            break;
        case 32: unpack_as<float>(bytes, count, out); break;
        default: unpack_as<double>(bytes, count, out); break;
    }
}

Depth depth_of_samples(const TiffLayoutOfPage& layout) {
    if (layout.sample_format == SAMPLEFORMAT_IEEEFP) {
        return layout.bits == 16 ? Depth::half : Depth::f32;
    }
    return layout.bits <= 8 ? Depth::u8 : Depth::u16;
}

/// Old maps of 8 bits stand in the low byte or in the high byte alone.
float palette_divisor(const std::array<const std::uint16_t*, 3>& map, std::size_t entries,
                      bool& is_deep) {
    bool is_low = true;
    bool is_high = true;
    bool is_doubled = true;
    for (const std::uint16_t* levels : map) {
        for (std::size_t i = 0; i < entries; ++i) {
            is_low = is_low && levels[i] < 256;
            is_high = is_high && (levels[i] & 0xFF) == 0;
            is_doubled = is_doubled && levels[i] >> 8 == (levels[i] & 0xFF);
        }
    }
    is_deep = !is_low && !is_high && !is_doubled;
    if (is_low) return 255;
    return is_high ? 0xFF00 : 0xFFFF;
}

TiffColours palette_colours(const TiffFile& file, const TiffLayoutOfPage& layout) {
    std::array<std::uint16_t*, 3> map{};
    if (TIFFGetField(file.handle(), TIFFTAG_COLORMAP, &map[0], &map[1], &map[2]) != 1) file.fail();
    const std::size_t entries = std::size_t{1} << layout.bits;
    bool is_deep = false;
    const float divisor = palette_divisor({map[0], map[1], map[2]}, entries, is_deep);
    auto colours = std::make_shared<std::vector<float>>(3 * entries);
    for (std::size_t i = 0; i < entries; ++i) {
        for (std::size_t c = 0; c < 3; ++c)
            (*colours)[3 * i + c] = static_cast<float>(map[c][i]) / divisor;
    }
    TiffColours result{3, is_deep ? Depth::u16 : Depth::u8, false, false, {}};
    result.convert = [colours](const float* in, std::size_t pixels, float* out) {
        for (std::size_t i = 0; i < pixels; ++i) {
            out = std::copy_n(colours->data() + 3 * static_cast<std::size_t>(in[i]), 3, out);
        }
    };
    return result;
}

/// CIE L*a*b* as CIE's, with a* and b* signed, or as ICC's older one.
TiffColours lab_colours(const TiffFile& file, const TiffLayoutOfPage& layout) {
    const float* white = nullptr;
    std::optional<std::array<double, 2>> told;
    if (TIFFGetField(file.handle(), TIFFTAG_WHITEPOINT, &white) == 1) told = {white[0], white[1]};
    auto converter = std::make_shared<LabConverter>(told);
    const bool is_icc = layout.photometric == PHOTOMETRIC_ICCLAB;
    const bool is_8 = layout.bits == 8;
    const float lightest = is_8 ? 255.0F : is_icc ? 65280.0F : 65535.0F;
    const float half = is_8 ? 128.0F : 32768.0F;
    const float step = is_8 ? 1.0F : 256.0F;
    TiffColours result{3, is_8 ? Depth::u8 : Depth::u16, false, true, {}};
    result.convert = [=](const float* in, std::size_t pixels, float* out) {
        std::vector<float> lab(3 * pixels);
        for (std::size_t i = 0; i < lab.size(); i += 3) {
            lab[i] = 100 * in[i] / lightest;
            for (std::size_t c = 1; c < 3; ++c) {
                const float value = in[i + c];
                const float from_middle = is_icc         ? value - half
                                          : value < half ? value
                                                         : value - 2 * half;
                lab[i + c] = from_middle / step;
            }
        }
        converter->convert(lab.data(), pixels, out);
    };
    return result;
}

/// CIE XYZ, of which libtiff has Y from 0 to 1 and more, to the primaries of sRGB.
void xyz_to_rgb(const float* in, std::size_t pixels, float* out) {
    constexpr float kMatrix[3][3] = {{3.2404542F, -1.5371385F, -0.4985314F},
                                     {-0.9692660F, 1.8760108F, 0.0415560F},
                                     {0.0556434F, -0.2040259F, 1.0572252F}};
    for (; pixels > 0; --pixels, in += 3) {
        for (const auto& row : kMatrix) *out++ = row[0] * in[0] + row[1] * in[1] + row[2] * in[2];
    }
}

TiffColours ink_colours(const TiffLayoutOfPage& layout, const std::string& profile) {
    auto converter = std::make_shared<CmykConverter>(profile);
    const auto largest = static_cast<float>(largest_sample(layout));
    Depth depth = depth_of_samples(layout);
    TiffColours result{3, depth, false, true, {}};
    result.convert = [=](const float* in, std::size_t pixels, float* out) {
        std::vector<float> ink(in, in + 4 * pixels);
        for (float& value : ink) value /= largest;
        converter->convert(ink.data(), 4, pixels, out);
    };
    return result;
}

}  // namespace

void unpack_samples(const std::uint8_t* bytes, const TiffLayoutOfPage& layout, std::size_t count,
                    float* out) {
    if (layout.sample_format == SAMPLEFORMAT_IEEEFP) {
        unpack_floats(bytes, layout.bits, count, out);
        return;
    }
    switch (layout.bits) {
        case 8: unpack_as<std::uint8_t>(bytes, count, out); break;
        case 16: unpack_as<std::uint16_t>(bytes, count, out); break;
        case 24:
            for (std::size_t i = 0; i < count; ++i) {
                out[i] = static_cast<float>(three_bytes(bytes + 3 * i));
            }
            break;
        case 32: unpack_as<std::uint32_t>(bytes, count, out); break;
        default: unpack_bits(bytes, static_cast<std::size_t>(layout.bits), count, out); break;
    }
}

double largest_sample(const TiffLayoutOfPage& layout) {
    return layout.sample_format == SAMPLEFORMAT_IEEEFP ? 1 : std::ldexp(1, layout.bits) - 1;
}

TiffColours tiff_colours(const TiffFile& file, const TiffLayoutOfPage& layout,
                         const std::string& profile) {
    TiffColours result;
    result.depth = depth_of_samples(layout);
    result.channels = layout.colours;
    switch (layout.photometric) {
        case PHOTOMETRIC_PALETTE: return palette_colours(file, layout);
        case PHOTOMETRIC_CIELAB:
        case PHOTOMETRIC_ICCLAB: return lab_colours(file, layout);
        case PHOTOMETRIC_SEPARATED: return ink_colours(layout, profile);
        case PHOTOMETRIC_LOGLUV:
            result.is_light = true;
            result.convert = xyz_to_rgb;
            return result;
        default: break;
    }
    result.is_light = layout.photometric == PHOTOMETRIC_LOGL;
    const auto largest = static_cast<float>(largest_sample(layout));
    const bool is_inverted = layout.photometric == PHOTOMETRIC_MINISWHITE;
    const auto colours = static_cast<std::size_t>(layout.colours);
    result.convert = [=](const float* in, std::size_t pixels, float* out) {
        for (std::size_t i = 0; i < colours * pixels; ++i) {
            const float value = in[i] / largest;
            out[i] = is_inverted ? 1 - value : value;
        }
    };
    return result;
}

}  // namespace sisr
