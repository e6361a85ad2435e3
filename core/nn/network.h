/// What an architecture gives to the engine.
#pragma once

#include "formats/tensors.h"

#include <sisr/image.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace sisr {

struct NetworkTraits {
    int scale = 1;
    int colour_channels = 3;
    int radius = 0;         ///< an output pixel depends on no input pixel further away than this
    int min_size = 1;       ///< least input width and height
    int tile_multiple = 1;  ///< tiles that begin elsewhere would be cut otherwise than the picture
    std::size_t parameters = 0;
    std::size_t multiply_adds_per_pixel = 0;      ///< per input pixel
    std::size_t activation_values_per_pixel = 0;  ///< alive at once at the peak, per input pixel
    /// On the CPU the image passes through the layers in strips: activations take a few megabytes,
    /// whatever its size.
    bool is_stripped_on_cpu = false;
    /// On this CPU, in float32, most of its convolutions take Winograd's way: a quarter of the
    /// multiplications.
    bool is_winograd_on_cpu = false;
    /// What its strips take on the CPU for each column of the input, at most.
    std::size_t strip_bytes_per_column = 0;
    bool is_bf16_safe = true;         ///< a result in bf16 looks like that in float32
    std::int64_t probe_features = 0;  ///< that build_probe's network yields
};

class NetworkStream;

/// A network ready to run on one device in one precision.
class Network {
public:
    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    virtual ~Network() = default;

    /// [N, colour_channels, h, w] float32, display-encoded, nominally [0,1], to
    /// [N, colour_channels, scale*h, scale*w] float32 on the CPU. Safe to call from several
    /// threads.
    virtual torch::Tensor forward(const torch::Tensor& input) const = 0;

    /// Told how much of one forward pass is done, from 0 to 1, in the thread that asked for it.
    /// What it throws ends the pass.
    using OnShare = std::function<void(double share)>;

    /// The same result, told of every few rows or layers where the network works so.
    virtual torch::Tensor forward_telling(const torch::Tensor& input,
                                          const OnShare& /*on_share*/) const {
        return forward(input);
    }

    /// One picture of which rows come from top to bottom; null where the network wants the whole.
    /// It must stay meanwhile.
    virtual std::unique_ptr<NetworkStream> begin(Size /*picture*/) const { return nullptr; }
};

/// A picture whose rows come and whose result's rows go: the values that forward() of the whole
/// gives, in memory that grows with the width alone.
class NetworkStream {
public:
    NetworkStream() = default;
    NetworkStream(const NetworkStream&) = delete;
    NetworkStream& operator=(const NetworkStream&) = delete;
    virtual ~NetworkStream() = default;

    /// Of the input, that advance() takes next: 0 when all have been given.
    virtual int rows_wanted() const = 0;

    /// rows: the next rows_wanted() ones, [1, colour_channels, n, w], or nothing. Returns the rows
    /// of the result that can be told now, [1, colour_channels, m, scale*w] on the CPU; m may be 0.
    /// When all rows were given, each call returns more of them until the last is out. on_share is
    /// told how much of the picture is done, and what it throws ends it.
    virtual torch::Tensor advance(const torch::Tensor& rows, const Network::OnShare& on_share) = 0;
};

/// One entry of the table in registry.cpp. All functions may throw Error{bad_model} with a
/// subject that the caller replaces by the file's name.
struct LegacyArchitecture {
    const char* id;
    /// True when the tensors' names are those of this architecture.
    bool (*detect)(const Tensors& tensors);
    /// Tensors as inference wants them: float32, batch norm folded.
    Tensors (*prepare)(const Tensors& tensors);
    /// Reads the sizes from the shapes of prepared tensors.
    NetworkTraits (*traits)(const Tensors& tensors, const Metadata& metadata);
    std::unique_ptr<Network> (*build)(const Tensors& tensors, const Metadata& metadata,
                                      torch::Device device, torch::ScalarType precision);
    /// A network that describes its input by what the real one's layers make of it: forward()
    /// yields [N, probe_features], logarithms of mean activations.
    std::unique_ptr<Network> (*build_probe)(const Tensors& tensors, const Metadata& metadata,
                                            torch::Device device, torch::ScalarType precision);
};

/// Throws Error{bad_model} when no architecture knows the tensors.
const LegacyArchitecture& detect_architecture(const Tensors& tensors);

}  // namespace sisr
