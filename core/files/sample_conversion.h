/// From our samples to those that a file holds, still float.
#pragma once

#include "files/format_table.h"

#include <sisr/image.h>

#include <cstddef>
#include <vector>

namespace sisr {

class SampleConversion {
public:
    SampleConversion() = default;
    /// colour_channels: of the file, 1 or 3. Transparency that the file cannot hold is composited
    /// on white: what a viewer shows under it. keeps_glow: light under no alpha, which
    /// premultiplied files can tell, stays.
    SampleConversion(const ImageShape& input, int colour_channels, bool keeps_alpha,
                     bool is_associated, Encoding output, bool keeps_glow = false);

    int channels() const { return colour_channels_ + (keeps_alpha_ ? 1 : 0); }

    /// rows: `pixels` of the input's channels. Returns `rows` or what this object holds until the
    /// next call: `pixels` of channels().
    const float* convert(const float* rows, std::size_t pixels);

private:
    bool is_identity() const;
    float* convert_pixel(const float* pixel, float* out) const;

    ImageShape input_;
    int colour_channels_ = 3;
    bool keeps_alpha_ = false;
    bool is_associated_ = false;
    bool keeps_glow_ = false;
    Encoding output_ = Encoding::display;
    std::vector<float> converted_;
};

}  // namespace sisr
