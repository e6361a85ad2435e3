#include "evaluation.h"

#include "degradation/bicubic.h"
#include "patch_source.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <map>

namespace sisr::training {
namespace {

namespace fs = std::filesystem;

std::map<std::string, fs::path> by_stem(const fs::path& folder) {
    std::map<std::string, fs::path> files;
    if (folder.empty()) return files;
    for (const auto& file : list_images(folder)) files.emplace(file.stem().string(), file);
    return files;
}

ImageQuality measure(const fs::path& file, const std::map<std::string, fs::path>& inputs,
                     const EvaluationOptions& options,
                     const std::function<Image(const Image&)>& enlarge) {
    const Image truth = cut_to_multiple(read_image(file), options.scale);
    Image reduced;
    if (options.input.empty()) {
        reduced = reduce_bicubic(truth, options.scale);
    } else if (const auto found = inputs.find(file.stem().string()); found != inputs.end()) {
        reduced = read_image(found->second);
    } else {
        throw Error(ErrorKind::not_found, file.string(),
                    "has no partner in " + options.input.string());
    }
    const Image result = enlarge(reduced);
    if (result.shape().size() != truth.shape().size()) {
        throw Error(ErrorKind::bad_image, file.string(),
                    "the result is " + std::to_string(result.width()) + "x" +
                        std::to_string(result.height()) + " pixels, the truth " +
                        std::to_string(truth.width()) + "x" + std::to_string(truth.height()));
    }
    return {file.stem().string(), psnr_y(truth, result, options.border),
            ssim_y(truth, result, options.border)};
}

}  // namespace

std::vector<ImageQuality> evaluate(const EvaluationOptions& options,
                                   const std::function<Image(const Image&)>& enlarge,
                                   const std::function<void(const std::string&)>& fail) {
    const auto inputs = by_stem(options.input);
    const auto truths = list_images(options.truth);
    if (truths.empty()) {
        throw Error(ErrorKind::not_found, options.truth.string(), "holds no image");
    }
    std::vector<ImageQuality> rows;
    for (const fs::path& file : truths) {
        try {
            rows.push_back(measure(file, inputs, options, enlarge));
        } catch (const Error& error) {
            fail(error.what());
        }
    }
    return rows;
}

ImageQuality mean_quality(const std::vector<ImageQuality>& rows) {
    ImageQuality mean{"mean", 0, 0};
    for (const ImageQuality& row : rows) {
        mean.psnr += row.psnr / static_cast<double>(rows.size());
        mean.ssim += row.ssim / static_cast<double>(rows.size());
    }
    return mean;
}

}  // namespace sisr::training
