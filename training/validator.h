/// Quality on images that are not trained on.
#pragma once

#include "model/architectures/srresnet/settings.h"
#include "model/tensors.h"

#include <sisr/image.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sisr::training {

struct Quality {
    double psnr = 0;  ///< dB, luma
    double ssim = 0;
};

class Validator {
public:
    /// Reads every image of the folder as ground truth and reduces it by `scale`. `warn` gets a
    /// line for each that is left out. Throws Error{not_found} when none is left.
    Validator(const std::filesystem::path& folder, int scale,
              const std::function<void(const std::string&)>& warn);

    /// Mean over the images of the generator with these weights, run in fp32.
    Quality evaluate(const Tensors& weights, const SrResNetSettings& settings) const;

    /// The same of bicubic enlargement: what a network must beat.
    Quality evaluate_bicubic() const;

private:
    struct Pair {
        Image truth;
        Image reduced;
    };
    Quality mean(const std::function<Image(const Image&)>& enlarge) const;

    int scale_;
    std::vector<Pair> pairs_;
};

}  // namespace sisr::training
