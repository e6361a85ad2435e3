/// The game of generator and discriminator.
#pragma once

#include <torch/torch.h>

namespace sisr::training {

enum class AdversarialLoss {
    /// Binary cross-entropy; the generator's is non-saturating: -log D(G(x)) (Goodfellow et al.
    /// 2014, section 3; Ledig et al. 2017, equation 6).
    bce,
    /// Relativistic average: is a real image more real than the mean of the made ones
    /// (Jolicoeur-Martineau 2018; Wang et al. 2018, ESRGAN, equations 1 and 2).
    relativistic
};

/// From logits of real and made images, of any equal shape; `real_label`: 1, or less to smooth.
torch::Tensor discriminator_loss(AdversarialLoss kind, const torch::Tensor& real,
                                 const torch::Tensor& made, double real_label);

/// `real` is used by the relativistic loss only, and may be undefined for the other.
torch::Tensor generator_loss(AdversarialLoss kind, const torch::Tensor& real,
                             const torch::Tensor& made);

/// Share of the logits that are right: above 0 for real, not above 0 for made; of the relativistic
/// loss, above and not above the mean of the others.
double discriminator_accuracy(AdversarialLoss kind, const torch::Tensor& real,
                              const torch::Tensor& made);

}  // namespace sisr::training
