/// Noise of sensors. Values stay in [0,1].
#pragma once

#include "data/sample_rng.h"

#include <sisr/image.h>

namespace sisr::training {

/// Adds independent normal noise, `deviation` in 8-bit values. `is_grey`: the same to all channels
/// of a pixel.
void add_gaussian_noise(Image& image, double deviation, bool is_grey, Rng& rng);

/// Shot noise: at strength 1 an 8-bit value is a count of photons, drawn anew; other strengths
/// scale the difference. `is_grey`: drawn for the luma, the difference added to all channels.
void add_poisson_noise(Image& image, double strength, bool is_grey, Rng& rng);

}  // namespace sisr::training
