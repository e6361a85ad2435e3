/// Muon: momentum made orthogonal, for the weights of convolutions.
#pragma once

#include "formats/tensors.h"

#include <torch/torch.h>

#include <vector>

namespace sisr::training {

/// `matrix` [R,C], R <= C, with its singular values brought near 1 (0.7 to 1.2) and its singular
/// vectors kept: five steps of the Newton-Schulz iteration with Jordan's quintic.
torch::Tensor orthogonalised(const torch::Tensor& matrix);

/// The optimizer of Jordan et al. 2024 ("Muon"). A convolution [O,I,k,k] is the matrix [O,k*k*I],
/// whose every direction is stepped alike far, where Adam scales the numbers one by one. The step
/// is the rate times 0.4 in the root mean square of a weight, so that a rate that suits Adam suits
/// it.
class Muon {
public:
    /// Whether a parameter is for it: a kernel of several pixels that does not read a picture.
    /// Biases, slopes and first layers are Adam's.
    static bool suits(const torch::Tensor& parameter);

    explicit Muon(std::vector<torch::Tensor> parameters);

    /// Parameters without a gradient stay as they are.
    void step(double rate);

    /// The moving averages of the gradients by the parameters' places; for a checkpoint.
    Tensors momenta() const;
    /// Throws Error{bad_model} where number or shapes differ.
    void restore(const Tensors& momenta);

private:
    std::vector<torch::Tensor> parameters_;
    std::vector<torch::Tensor> momenta_;
};

}  // namespace sisr::training
