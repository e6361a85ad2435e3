/// Quality on images that are not trained on.
#pragma once

#include "data/audit.h"
#include "data/patch_source.h"
#include "degradation/degradation.h"
#include "formats/tensors.h"
#include "optimise/network_spec.h"
#include "run/quality.h"

#include <sisr/image.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sisr::training {

struct Validation {
    Quality mean;
    std::vector<Image> samples;  ///< fixed places: input (enlarged), result and truth side by side
};

/// Every image of the folder that can be validated with; `warn` gets a line for each other one.
/// Throws Error{not_found} when none is left.
std::vector<KeptPicture> read_validation(const std::filesystem::path& folder,
                                         const std::function<void(const std::string&)>& warn);

class Validator {
public:
    /// Takes the pictures as ground truth and degrades them, always in the same way.
    Validator(const std::vector<KeptPicture>& truths, const Degradation& degradation,
              Measures measures);

    /// Mean over the images of the generator with these weights, run in fp32.
    Validation evaluate(const Tensors& weights, const NetworkSpec& spec) const;

    /// What the audit found in each image.
    std::vector<AuditedImage> audited() const;

    /// The same of bicubic enlargement: what a network must beat.
    Quality evaluate_bicubic() const;

private:
    struct Pair {
        std::filesystem::path file;
        Image truth;
        Image reduced;
    };
    Validation measure(const std::function<Image(const Image&)>& enlarge) const;

    int scale_;
    Measures measures_;
    std::vector<Pair> pairs_;
};

}  // namespace sisr::training
