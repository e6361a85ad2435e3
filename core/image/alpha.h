/// Colour under transparent pixels.
#pragma once

namespace sisr {

/// Reach of bleed_colour as the engine uses it, in pixels.
constexpr int kBleedRadius = 8;

/// Gives pixels of alpha 0 the colour of what is near, so that a filter that looks across the edge
/// of an object sees no fringe. In each of `radius` rounds a pixel without colour takes the mean of
/// its 3x3 neighbours that have one, so the reach is exactly `radius` pixels and the order of the
/// pixels does not matter. Pixels with alpha above 0 are untouched; those never reached become 0.
/// samples: interleaved rows, alpha last.
void bleed_colour(float* samples, int width, int height, int colour_channels, int radius);

}  // namespace sisr
