#include "engine/self_ensemble.h"

namespace sisr {
namespace {

class SelfEnsemble final : public Network {
public:
    explicit SelfEnsemble(std::shared_ptr<const Network> network) : network_(std::move(network)) {}

    torch::Tensor forward(const torch::Tensor& input) const override {
        return forward_telling(input, [](double /*share*/) {});
    }

    torch::Tensor forward_telling(const torch::Tensor& input,
                                  const OnShare& on_share) const override {
        const torch::InferenceMode inference;
        torch::Tensor sum;
        for (int orientation = 0; orientation < kOrientations; ++orientation) {
            const auto result = forward_oriented(*network_, input, orientation, [&](double share) {
                on_share((orientation + share) / kOrientations);
            });
            sum = sum.defined() ? sum + result : result;
        }
        return sum / kOrientations;
    }

private:
    std::shared_ptr<const Network> network_;
};

}  // namespace

torch::Tensor orient(torch::Tensor image, int orientation) {
    if ((orientation & 1) != 0) image = image.flip({2});
    if ((orientation & 2) != 0) image = image.flip({3});
    if ((orientation & 4) != 0) image = image.transpose(2, 3);
    return image;
}

torch::Tensor orient_back(torch::Tensor image, int orientation) {
    if ((orientation & 4) != 0) image = image.transpose(2, 3);
    if ((orientation & 2) != 0) image = image.flip({3});
    if ((orientation & 1) != 0) image = image.flip({2});
    return image;
}

torch::Tensor forward_oriented(const Network& network, const torch::Tensor& input, int orientation,
                               const Network::OnShare& on_share) {
    const auto turned = orient(input, orientation).contiguous(torch::MemoryFormat::ChannelsLast);
    return orient_back(network.forward_telling(turned, on_share), orientation);
}

std::unique_ptr<Network> make_self_ensemble(std::shared_ptr<const Network> network) {
    return std::make_unique<SelfEnsemble>(std::move(network));
}

}  // namespace sisr
