#include "validator.h"

#include "degradation/bicubic.h"
#include "image/resize.h"
#include "inference/tile_runner.h"
#include "model/architectures/srresnet/srresnet.h"
#include "patch_source.h"

#include <sisr/error.h>
#include <sisr/image_file.h>
#include <sisr/metrics.h>

#include <algorithm>

namespace sisr::training {
namespace {

constexpr int kLeastSide = 32;

}  // namespace

Validator::Validator(const std::filesystem::path& folder, int scale,
                     const std::function<void(const std::string&)>& warn)
    : scale_(scale) {
    for (const auto& file : list_images(folder)) {
        try {
            Image truth = read_image(file);
            if (truth.shape().has_alpha || std::min(truth.width(), truth.height()) < kLeastSide) {
                throw Error(ErrorKind::bad_image, file.string(), "has alpha or is too small");
            }
            truth = cut_to_multiple(truth, scale);
            Image reduced = reduce_bicubic(truth, scale);
            pairs_.push_back({std::move(truth), std::move(reduced)});
        } catch (const Error& error) {
            warn(std::string(error.what()) + ": left out of the validation");
        }
    }
    if (pairs_.empty()) {
        throw Error(ErrorKind::not_found, folder.string(), "holds no image to validate with");
    }
}

Quality Validator::mean(const std::function<Image(const Image&)>& enlarge) const {
    Quality sum;
    for (const Pair& pair : pairs_) {
        const Image result = enlarge(pair.reduced);
        sum.psnr += psnr_y(pair.truth, result, scale_);
        sum.ssim += ssim_y(pair.truth, result, scale_);
    }
    const auto count = static_cast<double>(pairs_.size());
    return {sum.psnr / count, sum.ssim / count};
}

Quality Validator::evaluate(const Tensors& weights, const SrResNetSettings& settings) const {
    const Architecture& architecture = srresnet_architecture();
    const Metadata metadata = srresnet_metadata(settings);
    const Tensors prepared = architecture.prepare(weights);
    const std::shared_ptr<const Network> network =
        architecture.build(prepared, metadata, torch::kCPU, torch::kFloat32);
    const TileRunner runner(network, nullptr, architecture.traits(prepared, metadata));
    return mean([&runner](const Image& reduced) { return runner.run(reduced); });
}

Quality Validator::evaluate_bicubic() const {
    return mean([this](const Image& reduced) {
        const Size size{reduced.width() * scale_, reduced.height() * scale_};
        return resize(reduced, size, Kernel::bicubic);
    });
}

}  // namespace sisr::training
