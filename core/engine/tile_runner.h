/// One tile through everything that is done to its pixels.
#pragma once

#include "engine/device.h"
#include "nn/network.h"

#include <sisr/image.h>
#include <sisr/model.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace sisr {

struct TileOptions {
    bool locks_colour = false;
    bool ensembles = false;  ///< mean over the 8 orientations
    /// 1: what the network makes; below, mixed with the input's own enlargement (bicubic), which
    /// is 0.
    double share = 1;
};

/// encode -> bleed -> network -> colour lock -> decode. Stateless between tiles but for the fp32
/// network, which is made when a tile first needs it.
class TileRunner {
public:
    TileRunner(const Model& model, const ExecutionPlan& plan, const TileOptions& options);
    /// As above with networks given: for tests that inject faults. `exact` is asked when `fast`
    /// fails on a tile; it may be null.
    TileRunner(std::shared_ptr<const Network> fast, std::shared_ptr<const Network> exact,
               const NetworkTraits& traits, const TileOptions& options = {});

    /// Input pixels each way that a result depends on: alpha bleed plus the network's radius plus
    /// the colour lock's.
    int reach(const ImageShape& image) const;

    int scale() const { return traits_.scale; }

    /// The result of a whole tile: [1, channels, scale*h, scale*w] float32, dense, channels-last.
    /// Throws Error{internal} when the network yields NaN, Inf or a flat tile, in fp32 too;
    /// Error{out_of_memory}.
    /// What `on_share` throws ends it.
    torch::Tensor compute(
        Image tile, const Network::OnShare& on_share = [](double) {}) const;

    /// The same as an image.
    Image run(const Image& tile) const;

    /// For pictures that go through the network from top to bottom instead of tile by tile; null
    /// where this one cannot.
    std::unique_ptr<NetworkStream> begin_stream(const ImageShape& picture) const;

    /// What a stream takes of rows of such a picture, [1, channels, h, w].
    torch::Tensor network_input(Image rows) const;

    /// What compute() makes of a tile, with what the stream made of it, [1, channels, scale*h,
    /// scale*w]; pixels less than finish_reach() from the tile's border are right at the picture's
    /// border only. None where the network's result is faulty.
    std::optional<torch::Tensor> finish(Image tile, const torch::Tensor& network_output) const;
    int finish_reach() const;

private:
    using OnShare = Network::OnShare;
    /// What a network makes of its input.
    using Run = std::function<torch::Tensor(const torch::Tensor& input, const OnShare& on_share)>;

    std::shared_ptr<const Network> make(const Model& model, torch::ScalarType precision) const;
    /// The network in fp32, null when there is none.
    std::shared_ptr<const Network> exact() const;
    torch::Tensor compute_by(const Run& network, Image tile, const OnShare& on_share) const;
    torch::Tensor run_network(const torch::Tensor& input, const OnShare& on_share) const;
    torch::Tensor run_colour(const Run& network, const torch::Tensor& colour,
                             const OnShare& on_share) const;
    torch::Tensor to_network(const torch::Tensor& pixels) const;
    bool takes_mask() const { return traits_.colour_channels == 4; }
    torch::Tensor run_joined(const Run& network, const torch::Tensor& pixels,
                             const OnShare& on_share) const;
    torch::Tensor finish_colour(const torch::Tensor& colour, torch::Tensor output) const;
    /// Of the result: true where no alpha is near, so that no filter mixes what is under it into
    /// what is seen.
    torch::Tensor hidden_far_from_edges(const torch::Tensor& alpha) const;
    torch::Tensor run_alpha(const Run& network, const torch::Tensor& alpha,
                            const OnShare& on_share) const;

    TileOptions options_;
    torch::Device device_ = torch::kCPU;
    std::shared_ptr<const Network> fast_;
    mutable std::shared_ptr<const Network> exact_;
    mutable std::mutex mutex_;            ///< of exact_: tiles of several pictures may want it
    std::shared_ptr<const Model> model_;  ///< null when the networks were given
    NetworkTraits traits_;
};

}  // namespace sisr
