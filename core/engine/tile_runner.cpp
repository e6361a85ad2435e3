#include "engine/tile_runner.h"

#include "engine/colour_lock.h"
#include "engine/image_tensor.h"
#include "engine/self_ensemble.h"
#include "formats/torch_errors.h"
#include "image/alpha.h"
#include "image/transfer.h"
#include "model/model_impl.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace sisr {
namespace {

namespace F = torch::nn::functional;

// Transparency that is constant this far round a pixel is copied, not computed, so that an opaque
// region stays exactly opaque.
constexpr int kConstantAlphaReach = 2;

// Bilinear enlargement of what the clamp took off looks at the next pixel.
constexpr int kResidualReach = 1;

// Of the enlargement that a result is mixed with.
constexpr int kBicubicReach = 2;

torch::Tensor enlarge(const torch::Tensor& input, int scale,
                      F::InterpolateFuncOptions::mode_t kernel) {
    if (scale == 1) return input;
    const std::vector<double> factors(2, scale);
    return F::interpolate(
        input, F::InterpolateFuncOptions().scale_factor(factors).mode(kernel).align_corners(false));
}

/// One pass over the bits of the samples: the mask of Inf and NaN, and what differs from the first.
struct Bits {
    std::uint32_t not_finite = 0;
    std::uint32_t differing = 0;
};

Bits scan(const torch::Tensor& image) {
    constexpr std::uint32_t kExponent = 0x7F800000;
    constexpr std::int64_t kGrain = 1 << 16;
    constexpr std::int64_t kLine = 16;     // samples
    constexpr std::int64_t kAhead = 1024;  // asked for from memory in time
    // In memory order: which sample is where does not matter.
    const auto dense = image.is_non_overlapping_and_dense() ? image : image.contiguous();
    const auto* samples = static_cast<const std::uint32_t*>(dense.data_ptr());
    std::atomic<std::uint32_t> not_finite{0};
    std::atomic<std::uint32_t> differing{0};
    at::parallel_for(0, dense.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        Bits found;
        for (std::int64_t part = begin; part < end; part += kAhead) {
            const std::int64_t part_end = std::min(part + kAhead, end);
            // Beyond the end it does no harm.
            for (std::int64_t i = part; i < part_end; i += kLine) {
                __builtin_prefetch(samples + i + 2 * kAhead);
            }
            for (std::int64_t i = part; i < part_end; ++i) {
                found.not_finite |= (samples[i] & kExponent) == kExponent ? 1U : 0U;
                found.differing |= samples[i] ^ samples[0];
            }
        }
        not_finite |= found.not_finite;
        differing |= found.differing;
    });
    return {not_finite, differing};
}

/// NaN, Inf, or one colour where the input has many: what a broken kernel or an overflow yields.
const char* find_fault(const torch::Tensor& input, const torch::Tensor& output) {
    const Bits bits = scan(output);
    if (bits.not_finite != 0) return "NaN or Inf";
    constexpr float kVisible = 8.0F / 255;
    const bool is_flat = bits.differing == 0;
    if (is_flat && (input.max() - input.min()).item<float>() > kVisible) return "a flat tile";
    return nullptr;
}

/// `pixels` of the shape's channels, interleaved.
void encode_colour(float* samples, std::int64_t pixels, const ImageShape& shape,
                   float (*transfer)(float)) {
    for (std::int64_t i = 0; i < pixels; ++i, samples += shape.channels()) {
        for (int c = 0; c < shape.colour_channels; ++c) samples[c] = transfer(samples[c]);
    }
}

void encode_for_display(Image& image) {
    const ImageShape& shape = image.shape();
    if (shape.encoding != Encoding::linear) return;
    encode_colour(image.row(0), std::int64_t{shape.width} * shape.height, shape, srgb_encode);
}

/// Whether there are colours under no alpha: textures of games have them, and mean them.
bool holds_hidden_colour(const Image& image) {
    const ImageShape& shape = image.shape();
    if (!shape.has_alpha) return false;
    const auto step = static_cast<std::size_t>(shape.channels());
    const std::vector<float>& samples = image.samples();
    for (std::size_t at = 0; at < samples.size(); at += step) {
        if (samples[at + step - 1] > 0) continue;
        for (std::size_t c = 0; c + 1 < step; ++c) {
            if (samples[at + c] != 0) return true;
        }
    }
    return false;
}

/// What a network of four channels takes: grey or colour, its mask behind it where it has one.
torch::Tensor with_mask(const torch::Tensor& pixels) {
    const bool has_mask = pixels.size(1) % 2 == 0;
    const std::int64_t colours = pixels.size(1) - (has_mask ? 1 : 0);
    const auto mask = has_mask ? pixels.slice(1, colours) : torch::ones_like(pixels.slice(1, 0, 1));
    return torch::cat({pixels.slice(1, 0, colours).expand({-1, 3, -1, -1}), mask}, 1);
}

}  // namespace

TileRunner::TileRunner(const Model& model, const ExecutionPlan& plan, const TileOptions& options)
    : options_(options),
      device_(plan.device),
      fast_(make(model, plan.precision)),
      model_(std::make_shared<const Model>(model)),
      traits_(model.impl().traits) {
    if (plan.precision == torch::kFloat32) exact_ = fast_;
}

TileRunner::TileRunner(std::shared_ptr<const Network> fast, std::shared_ptr<const Network> exact,
                       const NetworkTraits& traits, const TileOptions& options)
    : options_(options), fast_(std::move(fast)), exact_(std::move(exact)), traits_(traits) {}

std::shared_ptr<const Network> TileRunner::make(const Model& model,
                                                torch::ScalarType precision) const {
    std::shared_ptr<const Network> network = make_network(model, device_, precision);
    return options_.ensembles ? make_self_ensemble(std::move(network)) : network;
}

int TileRunner::finish_reach() const {
    const int lock = options_.locks_colour ? kColourLockReach : 0;
    return std::max({lock, kResidualReach, kBicubicReach});
}

int TileRunner::reach(const ImageShape& image) const {
    const int lock = options_.locks_colour ? kColourLockReach : 0;
    const int network = std::max({traits_.radius + lock, kResidualReach, kBicubicReach});
    return image.has_alpha ? std::max(network, kConstantAlphaReach) + kBleedRadius : network;
}

torch::Tensor TileRunner::compute(Image tile, const OnShare& on_share) const {
    const Run network = [this](const torch::Tensor& input, const OnShare& on_part) {
        return run_network(input, on_part);
    };
    return compute_by(network, std::move(tile), on_share);
}

torch::Tensor TileRunner::compute_by(const Run& network, Image tile,
                                     const OnShare& on_share) const {
    const torch::InferenceMode inference;
    const ImageShape shape = tile.shape();
    const std::string subject =
        "tile of " + std::to_string(shape.width) + "x" + std::to_string(shape.height) + " pixels";
    return translate_torch_errors(ErrorKind::internal, subject, [&] {
        encode_for_display(tile);
        const Image as_read = holds_hidden_colour(tile) ? tile : Image();
        if (shape.has_alpha) {
            bleed_colour(tile.samples().data(), shape.width, shape.height, shape.colour_channels,
                         kBleedRadius);
        }
        const auto pixels = view_as_tensor(tile);
        const auto colour = pixels.slice(1, 0, shape.colour_channels);
        torch::Tensor result;
        if (shape.has_alpha && takes_mask()) {
            result = run_joined(network, pixels, on_share);
        } else if (shape.has_alpha) {
            // The transparency goes through the network too, where it is not the same all over, and
            // what is under it.
            const int parts = as_read.empty() ? 2 : 3;
            const auto part = [&](int before) {
                return [&, before, parts](double share) { on_share((before + share) / parts); };
            };
            const auto alpha = pixels.slice(1, shape.colour_channels);
            const auto alpha_result = run_alpha(network, alpha, part(0));
            result = run_colour(network, colour, part(1));
            if (!as_read.empty()) {
                const auto all = view_as_tensor(as_read).slice(1, 0, shape.colour_channels);
                result = torch::where(hidden_far_from_edges(alpha),
                                      run_colour(network, all, part(2)), result);
            }
            result = torch::cat({result, alpha_result}, 1);
        } else {
            result = run_colour(network, colour, on_share);
        }
        result = result.contiguous(torch::MemoryFormat::ChannelsLast);
        if (shape.encoding == Encoding::linear) {
            encode_colour(result.data_ptr<float>(), result.size(2) * result.size(3), shape,
                          srgb_decode);
        }
        return result;
    });
}

Image TileRunner::run(const Image& tile) const {
    const auto result = compute(tile);
    ImageShape shape = tile.shape();
    shape.width = static_cast<int>(result.size(3));
    shape.height = static_cast<int>(result.size(2));
    Image image(shape);
    std::copy_n(result.data_ptr<float>(), image.samples().size(), image.row(0));
    return image;
}

std::unique_ptr<NetworkStream> TileRunner::begin_stream(const ImageShape& picture) const {
    // Transparency is a pass of its own, which most pictures need in few places or nowhere.
    const bool is_one_picture =
        !picture.has_alpha && picture.colour_channels <= traits_.colour_channels;
    return is_one_picture ? fast_->begin(picture.size()) : nullptr;
}

torch::Tensor TileRunner::network_input(Image rows) const {
    const torch::InferenceMode inference;
    encode_for_display(rows);
    // A copy: the rows end here.
    return to_network(view_as_tensor(rows).clamp(0, 1));
}

std::optional<torch::Tensor> TileRunner::finish(Image tile,
                                                const torch::Tensor& network_output) const {
    bool is_faulty = false;
    const Run network = [&](const torch::Tensor& input, const OnShare& /*on_share*/) {
        is_faulty = find_fault(input, network_output) != nullptr;
        return network_output;
    };
    auto result = compute_by(network, std::move(tile), [](double /*share*/) {});
    if (is_faulty) return std::nullopt;
    return result;
}

std::shared_ptr<const Network> TileRunner::exact() const {
    const std::lock_guard lock(mutex_);
    if (!exact_ && model_) exact_ = make(*model_, torch::kFloat32);
    return exact_;
}

torch::Tensor TileRunner::run_network(const torch::Tensor& input, const OnShare& on_share) const {
    auto output = fast_->forward_telling(input, on_share);
    const char* fault = find_fault(input, output);
    if (fault == nullptr) return output;

    const auto exact = this->exact();
    if (exact && exact != fast_) {
        output = exact->forward_telling(input, on_share);
        fault = find_fault(input, output);
    }
    if (fault != nullptr) {
        throw Error(ErrorKind::internal, "network", std::string("yields ") + fault);
    }
    return output;
}

torch::Tensor TileRunner::to_network(const torch::Tensor& pixels) const {
    const std::int64_t channels = pixels.size(1);
    auto input = pixels;
    if (takes_mask()) input = with_mask(pixels);
    if (channels == 1 && traits_.colour_channels == 3) input = pixels.expand({-1, 3, -1, -1});
    if (channels == 3 && traits_.colour_channels == 1) input = pixels.transpose(0, 1);
    return input.contiguous(torch::MemoryFormat::ChannelsLast);
}

/// Colour and transparency through a network that knows both.
torch::Tensor TileRunner::run_joined(const Run& network, const torch::Tensor& pixels,
                                     const OnShare& on_share) const {
    const std::int64_t colours = pixels.size(1) - 1;
    const auto output = network(to_network(pixels.clamp(0, 1)), on_share);
    const auto colour = finish_colour(pixels.slice(1, 0, colours), output.slice(1, 0, 3));
    const Run known = [&output](const torch::Tensor& /*input*/, const OnShare& /*on_share*/) {
        return output.slice(1, 3);
    };
    return torch::cat({colour, run_alpha(known, pixels.slice(1, colours), on_share)}, 1);
}

torch::Tensor TileRunner::run_colour(const Run& network, const torch::Tensor& colour,
                                     const OnShare& on_share) const {
    auto output = network(to_network(colour.clamp(0, 1)), on_share);
    if (output.size(1) == 4) output = output.slice(1, 0, 3);
    return finish_colour(colour, output);
}

/// colour: the input, 1 or 3 channels, not clamped; output: what the network made of it.
torch::Tensor TileRunner::finish_colour(const torch::Tensor& colour, torch::Tensor output) const {
    const std::int64_t channels = colour.size(1);
    const auto clamped = colour.clamp(0, 1);
    if (channels == 1 && output.size(1) == 3) output = output.mean(1, /*keepdim=*/true);
    if (channels == 3 && output.size(1) == 1) output = output.transpose(0, 1);

    if (options_.locks_colour) output = lock_colour(clamped, output);
    if (options_.share < 1) {
        output =
            torch::lerp(enlarge(clamped, traits_.scale, torch::kBicubic), output, options_.share);
    }

    // up(x) + (network(c(x)) - up(c(x))) with a linear up(): only what the clamp took off matters.
    const auto [least, most] = colour.aminmax();
    if (least.item<float>() >= 0 && most.item<float>() <= 1) return output;
    return output + enlarge(colour - clamped, traits_.scale, torch::kBilinear);
}

torch::Tensor TileRunner::hidden_far_from_edges(const torch::Tensor& alpha) const {
    const auto pool =
        F::MaxPool2dFuncOptions(2 * kConstantAlphaReach + 1).stride(1).padding(kConstantAlphaReach);
    const auto is_hidden = F::max_pool2d(alpha.contiguous(), pool) <= 0;
    return is_hidden.repeat_interleave(traits_.scale, 2).repeat_interleave(traits_.scale, 3);
}

torch::Tensor TileRunner::run_alpha(const Run& network, const torch::Tensor& alpha,
                                    const OnShare& on_share) const {
    const auto nearest = [this](const torch::Tensor& x) {
        return x.repeat_interleave(traits_.scale, 2).repeat_interleave(traits_.scale, 3);
    };
    const auto clamped = alpha.clamp(0, 1).contiguous();
    const auto pool =
        F::MaxPool2dFuncOptions(2 * kConstantAlphaReach + 1).stride(1).padding(kConstantAlphaReach);
    // Padding of a maximum never wins, so the border needs no care.
    const auto is_constant = F::max_pool2d(clamped, pool) == -F::max_pool2d(-clamped, pool);
    if (is_constant.all().item<bool>()) return nearest(clamped);
    const auto computed = run_colour(network, clamped, on_share).clamp(0, 1);
    return torch::where(nearest(is_constant), nearest(clamped), computed);
}

}  // namespace sisr
