/// Quality on images that are not trained on.
#pragma once

#include "data/audit.h"
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

class Validator {
public:
    /// Reads every image of the folder as ground truth and degrades it, always in the same way.
    /// `warn` gets a line for each image that is left out. Throws
    /// Error{not_found} when none is left.
    Validator(const std::filesystem::path& folder, const Degradation& degradation,
              Measures measures, const std::function<void(const std::string&)>& warn);

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
    void add(const std::filesystem::path& file, const Degradation& degradation);
    Validation measure(const std::function<Image(const Image&)>& enlarge) const;

    int scale_;
    Measures measures_;
    std::vector<Pair> pairs_;
};

}  // namespace sisr::training
