#include "run/evaluation.h"

#include "data/patch_source.h"
#include "degradation/bicubic.h"
#include "degradation/degradation.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <algorithm>
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

/// One image after the other, each degraded by its number.
class Evaluation {
public:
    Evaluation(const EvaluationOptions& options, const std::function<Image(const Image&)>& enlarge,
               const EvaluationParts& parts)
        : options_(options),
          enlarge_(enlarge),
          parts_(parts),
          degradation_(Degradation::parse(options.degradation, options.scale)),
          inputs_(by_stem(options.input)) {}

    ImageQuality measure(const fs::path& file, int number) const {
        const auto [input, truth] = pair_of(file, number);
        const Image result = enlarge_(input);
        if (result.shape().size() != truth.shape().size()) {
            throw Error(ErrorKind::bad_image, file.string(),
                        "the result is " + std::to_string(result.width()) + "x" +
                            std::to_string(result.height()) + " pixels, the truth " +
                            std::to_string(truth.width()) + "x" + std::to_string(truth.height()));
        }
        const Quality quality =
            measure_quality(truth, result, options_.border, options_.scale, parts_.measures);
        if (parts_.show) parts_.show(input, result, truth);
        return {file.stem().string(), quality};
    }

    bool has_partner_of_any(const std::vector<fs::path>& truths) const {
        return options_.input.empty() ||
               std::any_of(truths.begin(), truths.end(), [this](const fs::path& file) {
                   return inputs_.count(file.stem().string()) != 0;
               });
    }

private:
    Degradation::Pair pair_of(const fs::path& file, int number) const {
        Image truth = cut_to_multiple(read_image(file), options_.scale);
        if (options_.input.empty()) {
            Rng rng = sample_rng(0, 0, number);
            return degradation_.apply(truth, rng, false);
        }
        const auto found = inputs_.find(file.stem().string());
        if (found == inputs_.end()) {
            throw Error(ErrorKind::not_found, file.string(),
                        "has no partner in " + options_.input.string());
        }
        return {read_image(found->second), std::move(truth)};
    }

    const EvaluationOptions& options_;
    const std::function<Image(const Image&)>& enlarge_;
    const EvaluationParts& parts_;
    Degradation degradation_;
    std::map<std::string, fs::path> inputs_;
};

}  // namespace

std::vector<ImageQuality> evaluate(const EvaluationOptions& options,
                                   const std::function<Image(const Image&)>& enlarge,
                                   const EvaluationParts& parts) {
    const Evaluation evaluation(options, enlarge, parts);
    const auto truths = list_images(options.truth);
    if (truths.empty()) {
        throw Error(ErrorKind::not_found, options.truth.string(), "holds no image");
    }
    if (!evaluation.has_partner_of_any(truths)) {
        throw Error(ErrorKind::not_found, options.input.string(),
                    "holds no partner of any image in " + options.truth.string());
    }
    std::vector<ImageQuality> rows;
    for (std::size_t i = 0; i < truths.size(); ++i) {
        try {
            rows.push_back(evaluation.measure(truths[i], static_cast<int>(i)));
        } catch (const Error& error) {
            if (parts.fail) parts.fail(error.what());
        }
    }
    return rows;
}

ImageQuality mean_of(const std::vector<ImageQuality>& rows) {
    std::vector<Quality> qualities;
    for (const ImageQuality& row : rows) qualities.push_back(row.quality);
    return {"mean", mean_quality(qualities)};
}

}  // namespace sisr::training
