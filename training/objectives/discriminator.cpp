#include "objectives/discriminator.h"

#include "nn/conv/convolve.h"
#include "objectives/losses/enlarge.h"
#include "objectives/spectral_norm.h"

#include <sisr/error.h>

#include <string>

namespace sisr::training {
namespace {

namespace nn = torch::nn;

constexpr double kSlope = 0.2;
constexpr int kPaperReduction = 16;
constexpr int kUnetReduction = 8;
constexpr int kPatchReduction = 4;

torch::Tensor leaky(const torch::Tensor& input) { return torch::leaky_relu(input, kSlope); }

/// Ledig et al. 2017, figure 4: eight 3x3 convolutions, c to 8c channels, every second with stride
/// 2, batch norm after all but the first, then two fully connected layers. The last sigmoid is part
/// of the loss.
class PaperDiscriminator final : public Discriminator {
public:
    PaperDiscriminator(int c, int patch) {
        features_ = register_module("features", nn::Sequential());
        std::int64_t inputs = 3;
        for (const std::int64_t outputs : {c, 2 * c, 4 * c, 8 * c}) {
            for (const int stride : {1, 2}) {
                const bool is_first = inputs == 3;
                features_->push_back(nn::Conv2d(nn::Conv2dOptions(inputs, outputs, 3)
                                                    .stride(stride)
                                                    .padding(1)
                                                    .bias(is_first)));
                if (!is_first) features_->push_back(nn::BatchNorm2d(outputs));
                features_->push_back(nn::LeakyReLU(nn::LeakyReLUOptions().negative_slope(kSlope)));
                inputs = outputs;
            }
        }
        const std::int64_t side = (patch + kPaperReduction - 1) / kPaperReduction;
        dense1_ = register_module("dense1", nn::Linear(inputs * side * side, 16 * c));
        dense2_ = register_module("dense2", nn::Linear(16 * c, 1));
    }

    torch::Tensor forward(const torch::Tensor& images) override {
        // The paper's inputs are in [-1,1].
        auto features = 2 * images - 1;
        for (const auto& module : features_->children()) {
            if (const auto* layer = module->as<nn::Conv2d>()) {
                const std::int64_t stride = layer->options.stride()->front();
                features = convolve(features, layer->weight, layer->bias, stride);
            } else if (auto* norm = module->as<nn::BatchNorm2d>()) {
                features = norm->forward(features);
            } else {
                features = torch::leaky_relu_(features, kSlope);
            }
        }
        return dense2_(leaky(dense(features)));
    }

private:
    /// The first fully connected layer as a convolution that takes all of a map at once: oneDNN
    /// does those on all cores, the system's BLAS may be a plain loop on one.
    torch::Tensor dense(const torch::Tensor& features) {
        const auto& weight = dense1_->weight;
        const auto kernel =
            weight.reshape({weight.size(0), features.size(1), features.size(2), features.size(3)});
        return torch::conv2d(features, kernel, dense1_->bias).flatten(1);
    }

    nn::Sequential features_{nullptr};
    nn::Linear dense1_{nullptr}, dense2_{nullptr};
};

/// The U-Net with spectral norm of Real-ESRGAN (Wang et al. 2021, section 3.4): three halvings,
/// three bilinear doublings, each added to the features of its size. With `reduction` 2 it sees
/// the pixels' four phases as channels.
class UnetDiscriminator final : public Discriminator {
public:
    UnetDiscriminator(int c, int reduction) : reduction_(reduction) {
        const int inputs = 3 * reduction * reduction;
        first_ = register_module("first", nn::Conv2d(nn::Conv2dOptions(inputs, c, 3).padding(1)));
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
        levels[0] =
            leaky(first_(reduction_ == 1 ? images : torch::pixel_unshuffle(images, reduction_)));
        for (int i = 0; i < 3; ++i) levels[i + 1] = leaky(down_[i](levels[i]));
        auto features = levels[3];
        for (int i = 0; i < 3; ++i) {
            const auto& like = levels[2 - i];
            features = leaky(up_[i](enlarge(features, like.size(2), like.size(3)))) + like;
        }
        return last_(leaky(join2_(leaky(join1_(features)))));
    }

private:
    int reduction_;
    nn::Conv2d first_{nullptr}, last_{nullptr};
    SpectralConv2d down_[3] = {nullptr, nullptr, nullptr};
    SpectralConv2d up_[3] = {nullptr, nullptr, nullptr};
    SpectralConv2d join1_{nullptr}, join2_{nullptr};
};

/// A PatchGAN (Isola et al. 2017) small enough for processors: c, 2c, 4c, 4c and 1 channels, the
/// first two halving, spectral norm on all but the first and last.
class PatchDiscriminator final : public Discriminator {
public:
    explicit PatchDiscriminator(int c) {
        first_ =
            register_module("first", nn::Conv2d(nn::Conv2dOptions(3, c, 4).stride(2).padding(1)));
        second_ = register_module("second", SpectralConv2d(c, 2 * c, 4, 2));
        third_ = register_module("third", SpectralConv2d(2 * c, 4 * c, 3, 1));
        fourth_ = register_module("fourth", SpectralConv2d(4 * c, 4 * c, 3, 1));
        last_ = register_module("last", nn::Conv2d(nn::Conv2dOptions(4 * c, 1, 3).padding(1)));
    }

    torch::Tensor forward(const torch::Tensor& images) override {
        const auto features = leaky(second_(leaky(first_(2 * images - 1))));
        return last_(leaky(fourth_(leaky(third_(features)))));
    }

private:
    nn::Conv2d first_{nullptr}, last_{nullptr};
    SpectralConv2d second_{nullptr}, third_{nullptr}, fourth_{nullptr};
};

/// Throws Error{usage} unless patches are a multiple of `multiple`.
void check_multiple(const char* network, int patch, int multiple) {
    if (patch % multiple == 0) return;
    throw Error(ErrorKind::usage, "discriminator",
                std::string(network) + " needs patches of a multiple of " +
                    std::to_string(multiple) + " high-resolution pixels, not " +
                    std::to_string(patch));
}

}  // namespace

std::shared_ptr<Discriminator> make_discriminator(const DiscriminatorSettings& settings,
                                                  int patch) {
    switch (settings.kind) {
        case DiscriminatorKind::unet:
        case DiscriminatorKind::unet_half: {
            const int reduction = settings.kind == DiscriminatorKind::unet ? 1 : 2;
            check_multiple("the U-Net", patch, kUnetReduction * reduction);
            return std::make_shared<UnetDiscriminator>(settings.channels, reduction);
        }
        case DiscriminatorKind::patch:
            check_multiple("the patch discriminator", patch, kPatchReduction);
            return std::make_shared<PatchDiscriminator>(settings.channels);
        case DiscriminatorKind::paper: break;
    }
    if (patch < kPaperReduction) {
        throw Error(ErrorKind::usage, "discriminator",
                    "needs patches of at least " + std::to_string(kPaperReduction) +
                        " high-resolution pixels, not " + std::to_string(patch));
    }
    return std::make_shared<PaperDiscriminator>(settings.channels, patch);
}

}  // namespace sisr::training
