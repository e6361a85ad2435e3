/// A model measured on images of known truth, as the literature does it.
#pragma once

#include "run/quality.h"

#include <sisr/upscaler.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sisr::training {

struct EvaluationOptions {
    std::filesystem::path truth;  ///< folder of high-resolution images
    std::filesystem::path input;  ///< folder of low-resolution ones of the same stems; empty: the
                                  ///< truth, degraded
    std::string degradation;      ///< see Degradation; the same for an image in every run
    int scale = 4;
    int border = 4;  ///< pixels cut before measuring
};

struct ImageQuality {
    std::string name;
    Quality quality;
};

/// What an evaluation may use and tell besides; all may be empty.
struct EvaluationParts {
    Measures measures;
    /// Gets a line for each image that cannot be measured.
    std::function<void(const std::string&)> fail;
    /// Gets each image: input, result, truth.
    std::function<void(const Image&, const Image&, const Image&)> show;
};

/// Enlarges each input with `enlarge`, rounds to 8 bits and measures. Throws Error{not_found} when
/// there is no image at all.
std::vector<ImageQuality> evaluate(const EvaluationOptions& options,
                                   const std::function<Image(const Image&)>& enlarge,
                                   const EvaluationParts& parts);

/// Named "mean".
ImageQuality mean_of(const std::vector<ImageQuality>& rows);

}  // namespace sisr::training
