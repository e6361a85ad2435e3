#include "optimise/muon.h"

#include <sisr/error.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace sisr::training {
namespace {

constexpr double kMomentum = 0.95;
constexpr double kStep = 0.4;
constexpr int kIterations = 5;
constexpr std::int64_t kPictureChannels = 4;

/// [O,I,k,k] as [O,k*k*I]: how the weights lie in memory (use_channels_last).
torch::Tensor as_matrix(const torch::Tensor& kernel) {
    return kernel.permute({0, 2, 3, 1}).reshape({kernel.size(0), -1});
}

torch::Tensor as_kernel(const torch::Tensor& matrix, torch::IntArrayRef sizes) {
    return matrix.reshape({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

}  // namespace

torch::Tensor orthogonalised(const torch::Tensor& matrix) {
    // The norm of a gradient that is zero throughout must not divide it.
    constexpr double kLeastNorm = 1e-12;
    torch::Tensor x = matrix / (matrix.norm() + kLeastNorm);
    for (int i = 0; i < kIterations; ++i) {
        const auto gram = x.mm(x.t());
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram.mm(gram)).mm(x);
    }
    return x;
}

bool Muon::suits(const torch::Tensor& parameter) {
    return parameter.dim() == 4 && parameter.size(1) >= kPictureChannels &&
           parameter.size(2) * parameter.size(3) > 1;
}

Muon::Muon(std::vector<torch::Tensor> parameters) : parameters_(std::move(parameters)) {
    for (const auto& parameter : parameters_) momenta_.push_back(torch::zeros_like(parameter));
}

void Muon::step(double rate) {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        torch::Tensor& parameter = parameters_[i];
        if (!parameter.grad().defined()) continue;
        momenta_[i].lerp_(parameter.grad(), 1 - kMomentum);
        // Nesterov's: the gradient of now counts once more.
        const auto matrix = as_matrix(parameter.grad().lerp(momenta_[i], kMomentum));
        const bool is_tall = matrix.size(0) > matrix.size(1);
        const auto direction = is_tall ? orthogonalised(matrix.t()).t() : orthogonalised(matrix);
        // An orthogonal [R,C] has a root mean square of 1/sqrt(C).
        const auto longer = static_cast<double>(std::max(matrix.size(0), matrix.size(1)));
        parameter.sub_(as_kernel(direction, parameter.sizes()), rate * kStep * std::sqrt(longer));
    }
}

Tensors Muon::momenta() const {
    Tensors named;
    for (std::size_t i = 0; i < momenta_.size(); ++i) named[std::to_string(i)] = momenta_[i];
    return named;
}

void Muon::restore(const Tensors& momenta) {
    const Tensors own = this->momenta();
    const bool fits = std::equal(
        own.begin(), own.end(), momenta.begin(), momenta.end(), [](const auto& a, const auto& b) {
            return a.first == b.first && a.second.sizes() == b.second.sizes();
        });
    if (!fits) {
        throw Error(ErrorKind::bad_model, "checkpoint",
                    "is of another optimizer or of another network");
    }
    for (const auto& [place, momentum] : momenta) torch::Tensor(own.at(place)).copy_(momentum);
}

}  // namespace sisr::training
