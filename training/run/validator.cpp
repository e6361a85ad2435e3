#include "run/validator.h"

#include "architectures/srresnet/srresnet.h"
#include "degradation/bicubic.h"
#include "engine/tile_runner.h"
#include "image/resize.h"
#include "nn/program_network.h"
#include "record/contact_sheet.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <algorithm>

namespace sisr::training {
namespace {

constexpr int kLeastSide = 32;
constexpr std::size_t kSamples = 4;  // strips that are shown
constexpr int kStripSide = 160;      // pixels of the truth, each of the three
constexpr std::uint64_t kSeed = 0;   // validation is the same in every run

/// The network as inference runs it.
struct Inference {
    std::shared_ptr<const Network> network;
    NetworkTraits traits;
};

Inference inference_of(const Tensors& weights, const NetworkSpec& spec) {
    if (spec.program != nullptr) {
        const nn::Program program = spec.program->build(weights, spec.metadata).program;
        return {nn::make_program_network(program, torch::kCPU, torch::kFloat32),
                nn::traits_of(program)};
    }
    const LegacyArchitecture& architecture = srresnet_architecture();
    const Metadata metadata = srresnet_metadata(spec.srresnet);
    const Tensors prepared = architecture.prepare(weights);
    return {architecture.build(prepared, metadata, torch::kCPU, torch::kFloat32),
            architecture.traits(prepared, metadata)};
}

}  // namespace

std::vector<KeptPicture> read_validation(const std::filesystem::path& folder,
                                         const std::function<void(const std::string&)>& warn) {
    std::vector<KeptPicture> truths;
    std::vector<std::string> reasons;
    for (const auto& file : list_images(folder)) {
        try {
            Image truth = read_image(file);
            if (truth.shape().has_alpha || std::min(truth.width(), truth.height()) < kLeastSide) {
                throw Error(ErrorKind::bad_image, file.string(), "has alpha or is too small");
            }
            truths.push_back({file, std::move(truth)});
        } catch (const Error& error) {
            reasons.emplace_back(error.what());
        }
    }
    if (truths.empty()) {
        const std::string first = reasons.empty() ? "" : " (" + reasons.front() + ")";
        throw Error(ErrorKind::not_found, folder.string(),
                    "holds no image to validate with" + first);
    }
    for (const std::string& reason : reasons) warn(reason + ": left out of the validation");
    return truths;
}

Validator::Validator(const std::vector<KeptPicture>& truths, const Degradation& degradation,
                     Measures measures)
    : scale_(degradation.scale()), measures_(std::move(measures)) {
    for (const KeptPicture& picture : truths) {
        const Image truth = cut_to_multiple(picture.pixels, scale_);
        Rng rng = sample_rng(kSeed, 0, static_cast<int>(pairs_.size()));
        auto [reduced, kept] = degradation.apply(truth, rng, false);
        pairs_.push_back({picture.file, std::move(kept), std::move(reduced)});
    }
}

Validation Validator::measure(const std::function<Image(const Image&)>& enlarge) const {
    const std::size_t stride = std::max<std::size_t>(1, pairs_.size() / kSamples);
    Validation validation;
    std::vector<Quality> rows;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        const Pair& pair = pairs_[i];
        const Image result = enlarge(pair.reduced);
        rows.push_back(measure_quality(pair.truth, result, scale_, scale_, measures_));
        if (i % stride == 0 && validation.samples.size() < kSamples) {
            validation.samples.push_back(
                comparison_strip(pair.reduced, result, pair.truth, scale_, kStripSide));
        }
    }
    validation.mean = mean_quality(rows);
    return validation;
}

Validation Validator::evaluate(const Tensors& weights, const NetworkSpec& spec) const {
    const Inference inference = inference_of(weights, spec);
    const TileRunner runner(inference.network, nullptr, inference.traits);
    return measure([&runner](const Image& reduced) { return runner.run(reduced); });
}

std::vector<AuditedImage> Validator::audited() const {
    std::vector<AuditedImage> found;
    for (const Pair& pair : pairs_) {
        found.push_back(audit_image(pair.file, pair.truth.width(), pair.truth.height(),
                                    to_8_bit_rgb(pair.truth).data()));
    }
    return found;
}

Quality Validator::evaluate_bicubic() const {
    const auto enlarge = [this](const Image& reduced) {
        const Size size{reduced.width() * scale_, reduced.height() * scale_};
        return resize(reduced, size, Kernel::bicubic);
    };
    return measure(enlarge).mean;
}

}  // namespace sisr::training
