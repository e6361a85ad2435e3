#include "model/architectures/srresnet/fused_srresnet.h"

#include "model/layers/fused_convolution.h"

#include <torch/torch.h>

#include <ATen/Parallel.h>

#include <string>
#include <utility>
#include <vector>

namespace sisr {
namespace {

using Then = FusedConvolution::Then;

// Rows for a thread to take at a time.
constexpr std::int64_t kGrainRows = 4;

torch::Tensor channels_last(const torch::Tensor& like, std::int64_t channels, int scale,
                            torch::ScalarType type) {
    return torch::empty(
        {like.size(0), channels, scale * like.size(2), scale * like.size(3)},
        torch::TensorOptions(type).memory_format(torch::MemoryFormat::ChannelsLast));
}

/// PixelShuffle wants its channels in the order (colour, row, column); in the order (row, column,
/// colour) one input pixel's part of an output row is contiguous.
torch::Tensor by_output_rows(const torch::Tensor& tensor, int colour, int scale) {
    const auto apart = tensor.reshape({colour, scale * scale, -1});
    return apart.transpose(0, 1).reshape(tensor.sizes());
}

class FusedSrResNet final : public Network {
public:
    FusedSrResNet(const SrResNetSettings& settings, const Tensors& tensors,
                  torch::ScalarType precision)
        : settings_(settings),
          precision_(precision),
          head_(layer(tensors, "head", Then::relu)),
          trunk_(layer(tensors, "trunk", Then::add)),
          tail_(make_tail(tensors)) {
        for (int i = 0; i < settings.blocks; ++i) {
            const std::string block = "body." + std::to_string(i);
            body_.push_back({layer(tensors, block + ".conv1", Then::relu),
                             layer(tensors, block + ".conv2", Then::add)});
        }
    }

    torch::Tensor forward(const torch::Tensor& input) const override {
        const torch::InferenceMode inference;
        const auto given = input.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        const auto pixels = given.to(precision_);
        auto features = channels_last(given, settings_.channels, 1, precision_);
        auto between = torch::empty_like(features);
        auto skip = torch::empty_like(features);
        head_.run(pixels, features);
        head_.run(pixels, skip);  // cheaper than a copy
        for (const Block& block : body_) {
            block.conv1.run(features, between);
            block.conv2.run(between, features);
        }
        trunk_.run(features, skip);
        auto details = channels_last(given, detail_channels(), 1, precision_);
        tail_.run(skip, details);
        return precision_ == torch::kBFloat16 ? enlarge<at::BFloat16>(given, details)
                                              : enlarge<float>(given, details);
    }

private:
    struct Block {
        FusedConvolution conv1;
        FusedConvolution conv2;
    };

    FusedConvolution layer(const Tensors& tensors, const std::string& name, Then then) const {
        return {tensors.at(name + ".weight"), tensors.at(name + ".bias"), precision_, then};
    }

    FusedConvolution make_tail(const Tensors& tensors) const {
        const auto order = [this](const torch::Tensor& tensor) {
            return by_output_rows(tensor, settings_.colour_channels, settings_.scale);
        };
        return {order(tensors.at("tail.weight")), order(tensors.at("tail.bias")), precision_,
                Then::nothing};
    }

    std::int64_t detail_channels() const {
        return std::int64_t{settings_.colour_channels} * settings_.scale * settings_.scale;
    }

    /// The input enlarged by nearest neighbour plus the details in their places.
    template <typename T>
    torch::Tensor enlarge(const torch::Tensor& input, const torch::Tensor& details) const {
        const std::int64_t colour = settings_.colour_channels;
        const std::int64_t scale = settings_.scale;
        const std::int64_t width = input.size(3);
        const std::int64_t rows = input.size(0) * input.size(2);
        const std::int64_t part = scale * colour;  // of an output row, for one input pixel
        auto output = channels_last(input, colour, settings_.scale, torch::kFloat32);
        const auto* from = input.data_ptr<float>();
        const auto* detail = details.data_ptr<T>();
        auto* to = output.data_ptr<float>();
        at::parallel_for(0, rows, kGrainRows, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin * width; i < end * width; ++i) {
                const float* pixel = from + i * colour;
                float* corner = to + ((i / width) * scale * width + i % width) * part;
                for (std::int64_t dy = 0; dy < scale; ++dy) {
                    const T* added = detail + (i * scale + dy) * part;
                    float* out = corner + dy * width * part;
                    for (std::int64_t k = 0; k < part; k += colour) {
                        for (std::int64_t c = 0; c < colour; ++c) {
                            out[k + c] = pixel[c] + static_cast<float>(added[k + c]);
                        }
                    }
                }
            }
        });
        return output;
    }

    SrResNetSettings settings_;
    torch::ScalarType precision_;
    FusedConvolution head_;
    FusedConvolution trunk_;
    FusedConvolution tail_;
    std::vector<Block> body_;
};

}  // namespace

bool can_fuse(const SrResNetSettings& settings) {
    return settings.activation == Activation::relu && !settings.stepwise_upsampling &&
           settings.input_skip == InputSkip::nearest;
}

std::unique_ptr<Network> make_fused_srresnet(const SrResNetSettings& settings,
                                             const Tensors& tensors, torch::ScalarType precision) {
    return std::make_unique<FusedSrResNet>(settings, tensors, precision);
}

}  // namespace sisr
