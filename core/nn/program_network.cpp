#include "nn/program_network.h"

#include "nn/conv/winograd/winograd.h"
#include "nn/program_facts.h"
#include "nn/run_reference.h"
#include "nn/strips/run_strips.h"

#include <algorithm>
#include <utility>

namespace sisr::nn {
namespace {

// Of a picture that is made of strips: the memory of a column is asked for one this wide.
constexpr std::int64_t kWidth = 512;
constexpr std::int64_t kHeight = 4096;

class StripsStream final : public NetworkStream {
public:
    StripsStream(const StripNetwork& network, Size picture, int alignment)
        : scale_(scale(network.program())),
          channels_(network.program().layers.front().channels),
          alignment_(alignment),
          picture_(picture),
          strips_(network.begin(padded(picture.height), padded(picture.width))) {}

    int rows_wanted() const override {
        return std::min(static_cast<int>(strips_->rows_wanted()), picture_.height - given_);
    }

    torch::Tensor advance(const torch::Tensor& rows, const Network::OnShare& on_share) override {
        const torch::InferenceMode inference;
        const auto made = strips_->advance(aligned(rows), on_share);
        const auto told = std::min(made.size(0), std::int64_t{scale_} * picture_.height - told_);
        told_ += told;
        return made.narrow(0, 0, told)
            .narrow(1, 0, std::int64_t{scale_} * picture_.width)
            .permute({2, 0, 1})
            .unsqueeze(0);
    }

private:
    std::int64_t padded(std::int64_t length) const {
        return (length + alignment_ - 1) / alignment_ * alignment_;
    }

    /// As pad_to_multiple() would have them in the whole picture: [n,w,C], dense.
    torch::Tensor aligned(const torch::Tensor& rows) {
        if (!rows.defined()) return torch::empty({0, padded(picture_.width), channels_});
        auto all = rows.to(torch::kFloat32);
        given_ += static_cast<int>(rows.size(2));
        if (alignment_ > 1) {
            // All strips but the last are multiples; what that one reflects may lie above it.
            const std::int64_t before = above_.defined() ? above_.size(2) : 0;
            if (before > 0) all = torch::cat({above_, all}, 2);
            all = pad_to_multiple(all, alignment_);
            all = all.narrow(2, before, all.size(2) - before);
            above_ = all.narrow(2, all.size(2) - alignment_, alignment_)
                         .narrow(3, 0, picture_.width)
                         .clone();
        }
        return all.permute({0, 2, 3, 1}).squeeze(0).contiguous();
    }

    int scale_;
    int channels_;  ///< of the input
    int alignment_;
    Size picture_;
    std::unique_ptr<StripPicture> strips_;
    int given_ = 0;          ///< rows
    std::int64_t told_ = 0;  ///< rows of the result
    torch::Tensor above_;    ///< the last rows of the strip before
};

class Strips final : public Network {
public:
    Strips(Program program, torch::ScalarType precision)
        : network_(std::move(program), precision),
          scale_(scale(network_.program())),
          alignment_(alignment(network_.program())),
          outputs_(network_.program().at(network_.program().output).channels) {}

    torch::Tensor forward(const torch::Tensor& input) const override {
        return forward_telling(input, [](double /*share*/) {});
    }

    torch::Tensor forward_telling(const torch::Tensor& input,
                                  const OnShare& on_share) const override {
        const torch::InferenceMode inference;
        const auto given = pad_to_multiple(input.to(torch::kFloat32), alignment_)
                               .contiguous(torch::MemoryFormat::ChannelsLast)
                               .permute({0, 2, 3, 1});
        const auto result = torch::empty(
            {given.size(0), outputs_, scale_ * given.size(1), scale_ * given.size(2)},
            torch::TensorOptions(torch::kFloat32).memory_format(torch::MemoryFormat::ChannelsLast));
        const auto to = result.permute({0, 2, 3, 1});
        const auto images = static_cast<double>(given.size(0));
        for (std::int64_t i = 0; i < given.size(0); ++i) {
            network_.run(given[i], to[i], [&](double share) {
                on_share((static_cast<double>(i) + share) / images);
            });
        }
        return result.narrow(2, 0, scale_ * input.size(2))
            .narrow(3, 0, scale_ * input.size(3))
            .contiguous(torch::MemoryFormat::ChannelsLast);
    }

    std::unique_ptr<NetworkStream> begin(Size picture) const override {
        return std::make_unique<StripsStream>(network_, picture, alignment_);
    }

private:
    StripNetwork network_;
    int scale_;
    int alignment_;
    std::int64_t outputs_;
};

class Whole final : public Network {
public:
    Whole(const Program& program, torch::Device device, torch::ScalarType precision)
        : program_(moved(program, device, precision)), device_(device) {}

    torch::Tensor forward(const torch::Tensor& input) const override {
        return forward_telling(input, [](double /*share*/) {});
    }

    torch::Tensor forward_telling(const torch::Tensor& input,
                                  const OnShare& on_share) const override {
        const torch::InferenceMode inference;
        const auto on_device =
            input.to(device_, torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        return run_reference(program_, on_device, on_share)
            .to(torch::kCPU, torch::kFloat32)
            .contiguous(torch::MemoryFormat::ChannelsLast);
    }

private:
    Program program_;
    torch::Device device_;
};

/// Whether most multiply-adds, in float32, take Winograd's way on this processor.
bool is_mostly_winograd(const Program& program) {
    double suited = 0;
    double all = 0;
    for (const Layer& layer : program.layers) {
        const auto* const convolution = std::get_if<Convolution>(&layer.operation);
        if (convolution == nullptr) continue;
        const double times = static_cast<double>(layer.resolution.times) / layer.resolution.over;
        const double work = static_cast<double>(convolution->weight.numel()) * times * times;
        all += work;
        const bool is_plain = convolution->groups == 1 && convolution->dilation == 1;
        if (is_plain && winograd::Convolution::suits(convolution->weight, winograd::kernels())) {
            suited += work;
        }
    }
    return suited > all / 2;
}

}  // namespace

std::unique_ptr<Network> make_program_network(Program program, torch::Device device,
                                              torch::ScalarType precision) {
    if (device.is_cpu() && is_local(program)) {
        return std::make_unique<Strips>(std::move(program), precision);
    }
    return std::make_unique<Whole>(program, device, precision);
}

NetworkTraits traits_of(const Program& program) {
    NetworkTraits traits;
    traits.scale = scale(program);
    traits.colour_channels = program.layers.front().channels;
    traits.radius = radius(program);
    traits.tile_multiple = alignment(program);
    traits.parameters = parameters(program);
    traits.multiply_adds_per_pixel = multiply_adds_per_pixel(program);
    traits.activation_values_per_pixel = values_alive_per_pixel(program);
    traits.is_stripped_on_cpu = is_local(program);
    traits.is_winograd_on_cpu = is_mostly_winograd(program);
    if (traits.is_stripped_on_cpu) {
        traits.strip_bytes_per_column =
            StripNetwork::bytes(program, torch::kFloat32, kHeight, kWidth) / kWidth;
    }
    return traits;
}

}  // namespace sisr::nn
