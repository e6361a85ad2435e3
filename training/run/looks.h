/// How results look, beside how near they are to a truth.
#pragma once

#include <sisr/image.h>

#include <torch/torch.h>

#include <filesystem>

namespace sisr::training {

/// dB by which the spectrum of the 8-bit luma stands out at the frequencies of `period` pixels over
/// its surroundings, the worst of them: of the mean log spectrum of blocks of 64x64. About 0 to 1
/// for photographs and bicubic results; a weave or checkerboard that the eye sees has 6 and more.
/// NaN for an image smaller than a block. Alpha is not looked at.
double grid_db(const Image& image, int period);

/// NIQE (Mittal et al. 2013, "Making a completely blind image quality analyzer"): the distance of
/// the statistics of blocks of 96x96 from those of natural pictures; lower is better, a photograph
/// has 3 to 4.
class Niqe {
public:
    /// safetensors with mu_pris_param [36] and cov_pris_param [36,36], the model of natural
    /// pictures, as training/tools/convert-niqe makes it. Throws Error{bad_model, not_found}.
    explicit Niqe(const std::filesystem::path& file);

    /// Of the 8-bit luma. NaN for an image of less than 192 pixels a side.
    double operator()(const Image& image) const;

private:
    torch::Tensor mean_;
    torch::Tensor covariance_;
};

}  // namespace sisr::training
