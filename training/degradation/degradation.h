/// What is done to a photograph before a network gets to see it, described by a line of text that
/// training, evaluation and tests share.
#pragma once

#include "data/sample_rng.h"

#include <sisr/image.h>

#include <functional>
#include <string>
#include <vector>

namespace sisr::training {

/// A chain of steps that turns ground truth into a low-resolution image. The text is a list of
/// steps, applied in order:
///
///     spec   := step, step, ...
///     step   := NAME[:ARGUMENT...][@PROBABILITY] | ( spec | spec ... )[@PROBABILITY]
///
/// Alternatives in parentheses are equally likely. A number is drawn anew for each image from its
/// range, written A-B. The steps, with the ranges of their numbers:
///
///     reduce[:bicubic|any]   to the low resolution; any: by area, bilinear or bicubic.
///                            A text without it begins with it.
///     resize:F[:METHOD]      to F times the size; area, bilinear, bicubic or any (default)
///     blur:S                 Gaussian, sigma S in pixels of the moment
///     aniso:S                Gaussian with two sigmas from S and any angle
///     sinc:W                 ideal low-pass, cut-off W in radians per pixel (pi: none)
///     noise:S[:COLOUR]       Gaussian, deviation S of 8-bit values; colour (default), grey or any
///     poisson:S[:COLOUR]     shot noise, deviation S * sqrt(value) of 8-bit values
///     jpeg:Q[:CHROMA][:shift] libjpeg's quality Q; 420 (default), 444 or any. shift: on a grid of
///                            8x8 blocks of its own, as after a crop
///     webp:Q                 lossy WebP of quality Q
///     truth                  takes what the steps before it made for the truth, before anything
///                            is reduced: what such photographs have of their own is to be kept
///
/// The empty text is the literature's clean bicubic reduction. Named texts: see named_degradation.
class Degradation {
public:
    /// Throws Error{usage} that quotes what is not understood.
    static Degradation parse(const std::string& text, int scale);

    /// What a network gets to see and what it should make of it, both of 8 bits.
    struct Pair {
        Image reduced;
        Image truth;
    };

    /// `truth` is RGB or grey without alpha, its size a multiple of the scale (Error{usage}); it is
    /// the pair's own unless the text has a `truth` step. The same for the same state of `rng`.
    /// `is_patch`: the image is cut from a larger one, so its compression blocks begin anywhere.
    Pair apply(const Image& truth, Rng& rng, bool is_patch) const;

    /// A pixel of the result hardly depends on the truth further away than this many of its pixels.
    int reach() const;

    int scale() const { return scale_; }
    bool is_clean() const { return steps_.empty(); }

    /// An image on its way down.
    struct Canvas {
        Image image;
        Size target;
        int left = 0;  ///< where the picture's grid of 8x8 blocks begins, 0 to 7 pixels before it
        int top = 0;
        Image truth;
    };
    using Step = std::function<void(Canvas&, Rng&)>;

private:
    Degradation(int scale, std::vector<Step> steps) : scale_(scale), steps_(std::move(steps)) {}

    int scale_;
    std::vector<Step> steps_;
};

/// The text behind a name, or the name itself when it is none: "photo", what cameras, phones and
/// the web do; "compressed", the same size with JPEG and light noise; "real-esrgan", the two rounds
/// of Wang et al. 2021 (arXiv:2107.10833, section 3).
std::string named_degradation(const std::string& name);

}  // namespace sisr::training
