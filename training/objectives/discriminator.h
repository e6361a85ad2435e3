/// The networks that tell real pictures from made ones.
#pragma once

#include <torch/torch.h>

#include <memory>

namespace sisr::training {

/// [N,3,h,w] float32, display-encoded [0,1], to logits: above 0 for real.
class Discriminator : public torch::nn::Module {
public:
    virtual torch::Tensor forward(const torch::Tensor& images) = 0;
};

enum class DiscriminatorKind {
    paper,      ///< a classifier of whole patches: logits [N,1]
    unet,       ///< a judgement for every pixel: logits [N,1,h,w]
    unet_half,  ///< the same on the image's four phases: logits [N,1,h/2,w/2], a quarter of the
                ///< cost
    patch       ///< five convolutions, for every fourth pixel: logits [N,1,h/4,w/4]
};

struct DiscriminatorSettings {
    DiscriminatorKind kind = DiscriminatorKind::paper;
    int channels = 64;  ///< of the first layer, twice and more of the later ones; the paper's: 64
};

/// `patch`: width and height of the images. Throws Error{usage} for a patch that the network cannot
/// take: the paper's needs at least 16, the U-Net a multiple of 8 (on half size 16), the patch
/// discriminator a multiple of 4.
std::shared_ptr<Discriminator> make_discriminator(const DiscriminatorSettings& settings, int patch);

}  // namespace sisr::training
