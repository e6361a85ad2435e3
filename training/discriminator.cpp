#include "discriminator.h"

#include "spectral_norm.h"

#include <sisr/error.h>

#include <string>

namespace sisr::training {
namespace {

namespace nn = torch::nn;

constexpr double kSlope = 0.2;
constexpr int kPaperReduction = 16;
constexpr int kUnetReduction = 8;
constexpr int kUnetChannels = 64;

torch::Tensor leaky(const torch::Tensor& input) { return torch::leaky_relu(input, kSlope); }

/// Ledig et al. 2017, figure 4: eight 3x3 convolutions, 64 to 512 channels, every second with
/// stride 2, batch norm after all but the first, then two fully connected layers. The last sigmoid
/// is part of the loss.
class PaperDiscriminator final : public Discriminator {
public:
    explicit PaperDiscriminator(int patch) {
        features_ = register_module("features", nn::Sequential());
        std::int64_t inputs = 3;
        for (const std::int64_t outputs : {64, 128, 256, 512}) {
            for (const int stride : {1, 2}) {
                const bool is_first = inputs == 3;
                features_->push_back(nn::Conv2d(nn::Conv2dOptions(inputs, outputs, 3)
                                                    .stride(stride)
                                                    .padding(1)
                                                    .bias(is_first)));
                if (!is_first) features_->push_back(nn::BatchNorm2d(outputs));
                features_->push_back(
                    nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(kSlope).inplace(true)));
                inputs = outputs;
            }
        }
        const std::int64_t side = (patch + kPaperReduction - 1) / kPaperReduction;
        dense1_ = register_module("dense1", nn::Linear(512 * side * side, 1024));
        dense2_ = register_module("dense2", nn::Linear(1024, 1));
    }

    torch::Tensor forward(const torch::Tensor& images) override {
        // The paper's inputs are in [-1,1].
        const auto features = features_->forward(2 * images - 1);
        return dense2_(leaky(dense1_(features.flatten(1))));
    }

private:
    nn::Sequential features_{nullptr};
    nn::Linear dense1_{nullptr}, dense2_{nullptr};
};

/// The U-Net with spectral norm of Real-ESRGAN (Wang et al. 2021, section 3.4): three halvings,
/// three bilinear doublings, each added to the features of its size.
class UnetDiscriminator final : public Discriminator {
public:
    UnetDiscriminator() {
        constexpr int c = kUnetChannels;
        first_ = register_module("first", nn::Conv2d(nn::Conv2dOptions(3, c, 3).padding(1)));
        for (int i = 0; i < 3; ++i) {
            const std::string number = std::to_string(i);
            down_[i] = register_module("down" + number, SpectralConv2d(c << i, c << (i + 1), 4, 2));
            up_[i] =
                register_module("up" + number, SpectralConv2d(c << (3 - i), c << (2 - i), 3, 1));
        }
        join1_ = register_module("join1", SpectralConv2d(c, c, 3, 1));
        join2_ = register_module("join2", SpectralConv2d(c, c, 3, 1));
        last_ = register_module("last", nn::Conv2d(nn::Conv2dOptions(c, 1, 3).padding(1)));
    }

    torch::Tensor forward(const torch::Tensor& images) override {
        torch::Tensor levels[4];
        levels[0] = leaky(first_(images));
        for (int i = 0; i < 3; ++i) levels[i + 1] = leaky(down_[i](levels[i]));
        auto features = levels[3];
        for (int i = 0; i < 3; ++i) {
            features = leaky(up_[i](enlarge(features))) + levels[2 - i];
        }
        return last_(leaky(join2_(leaky(join1_(features)))));
    }

private:
    static torch::Tensor enlarge(const torch::Tensor& features) {
        return nn::functional::interpolate(features, nn::functional::InterpolateFuncOptions()
                                                         .scale_factor(std::vector<double>{2, 2})
                                                         .mode(torch::kBilinear)
                                                         .align_corners(false));
    }

    nn::Conv2d first_{nullptr}, last_{nullptr};
    SpectralConv2d down_[3] = {nullptr, nullptr, nullptr};
    SpectralConv2d up_[3] = {nullptr, nullptr, nullptr};
    SpectralConv2d join1_{nullptr}, join2_{nullptr};
};

}  // namespace

std::shared_ptr<Discriminator> make_discriminator(DiscriminatorKind kind, int patch) {
    if (kind == DiscriminatorKind::paper) {
        if (patch < kPaperReduction) {
            throw Error(ErrorKind::usage, "discriminator",
                        "needs patches of at least " + std::to_string(kPaperReduction) +
                            " high-resolution pixels, not " + std::to_string(patch));
        }
        return std::make_shared<PaperDiscriminator>(patch);
    }
    if (patch % kUnetReduction != 0) {
        throw Error(ErrorKind::usage, "discriminator",
                    "the U-Net needs patches of a multiple of " + std::to_string(kUnetReduction) +
                        " high-resolution pixels, not " + std::to_string(patch));
    }
    return std::make_shared<UnetDiscriminator>();
}

}  // namespace sisr::training
