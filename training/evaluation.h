/// A model measured on images of known truth, as the literature does it.
#pragma once

#include <sisr/metrics.h>
#include <sisr/upscaler.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sisr::training {

struct EvaluationOptions {
    std::filesystem::path truth;  ///< folder of high-resolution images
    std::filesystem::path input;  ///< folder of low-resolution ones of the same stems; empty: the
                                  ///< truth, reduced by antialiased bicubic
    int scale = 4;
    int border = 4;  ///< pixels cut before measuring
};

struct ImageQuality {
    std::string name;
    double psnr = 0;  ///< dB, luma
    double ssim = 0;
};

/// Enlarges each input with `enlarge`, rounds to 8 bits and measures. `fail` gets a line for each
/// image that cannot be measured. Throws Error{not_found} when there is none at all.
std::vector<ImageQuality> evaluate(const EvaluationOptions& options,
                                   const std::function<Image(const Image&)>& enlarge,
                                   const std::function<void(const std::string&)>& fail);

/// Named "mean".
ImageQuality mean_quality(const std::vector<ImageQuality>& rows);

}  // namespace sisr::training
