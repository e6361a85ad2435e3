#include "files/sample_conversion.h"

#include "image/transfer.h"

namespace sisr {
SampleConversion::SampleConversion(const ImageShape& input, int colour_channels, bool keeps_alpha,
                                   bool is_associated, Encoding output, bool keeps_glow)
    : input_(input),
      colour_channels_(colour_channels),
      keeps_alpha_(keeps_alpha),
      is_associated_(is_associated),
      keeps_glow_(keeps_glow),
      output_(output) {}

bool SampleConversion::is_identity() const {
    return colour_channels_ == input_.colour_channels && keeps_alpha_ == input_.has_alpha &&
           output_ == input_.encoding && !is_associated_;
}

const float* SampleConversion::convert(const float* rows, std::size_t pixels) {
    if (is_identity()) return rows;
    converted_.resize(pixels * static_cast<std::size_t>(channels()));
    float* out = converted_.data();
    for (std::size_t i = 0; i < pixels; ++i) {
        out = convert_pixel(rows + i * static_cast<std::size_t>(input_.channels()), out);
    }
    return converted_.data();
}

float* SampleConversion::convert_pixel(const float* pixel, float* out) const {
    float colour[3];
    const int channels = input_.colour_channels;
    const float alpha = input_.has_alpha ? pixel[channels] : 1;
    const bool is_multiplied = is_associated_ && !(keeps_glow_ && alpha <= 0);
    for (int c = 0; c < channels; ++c) {
        float value = pixel[c];
        if (input_.has_alpha && !keeps_alpha_) value = value * alpha + (1 - alpha);
        if (input_.encoding != output_) {
            value = output_ == Encoding::linear ? srgb_decode(value) : srgb_encode(value);
        }
        colour[c] = is_multiplied ? value * alpha : value;
    }
    for (int c = 0; c < colour_channels_; ++c) *out++ = colour[c < channels ? c : 0];
    if (keeps_alpha_) *out++ = alpha;
    return out;
}

}  // namespace sisr
