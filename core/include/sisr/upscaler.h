/// The engine: a model applied to an image of any size in bounded memory.
#pragma once

#include <sisr/export.h>
#include <sisr/image.h>
#include <sisr/model.h>
#include <sisr/progress.h>
#include <sisr/rows.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace sisr {

/// Arithmetic of the network. `automatic`: what is faster on this processor for the model's kind of
/// convolutions; description() tells why.
enum class Precision { automatic, fp32, bf16 };

/// What the input is, for models that hold weights of their own for some kinds. `automatic`: as the
/// picture looks, judged from its first rows, up to 64 MB of them. A kind that the model has no
/// weights of its own for gets those for damaged input.
enum class InputKind { automatic, clean, damaged, heavily_damaged };

constexpr double kMinScale = 1.0;
constexpr double kMaxScale = 16.0;

struct UpscaleOptions {
    double scale = 0;  ///< kMinScale to kMaxScale; 0: the model's own
    /// Output size in pixels; a side that is 0 follows from the other and the input's shape; {0,0}:
    /// from scale.
    Size size;
    bool fit = false;  ///< `size` is a box: the result keeps its shape and touches it from inside
    /// For tiles and activations, not the process. 0: 768 MB, and up to a quarter of the machine's
    /// memory for a network that sees far, since tiles would have it do most of its work twice.
    std::size_t memory_bytes = 0;
    int runs = 1;     ///< how many run() at once share the memory
    int tile = 0;     ///< input pixels each way; 0: from memory_bytes
    int threads = 0;  ///< 0: one per physical core
    Precision precision = Precision::automatic;
    /// From fidelity (0) to detail (1), for models that hold both; of others' models the mixture
    /// of the input's own enlargement (0) and what the network makes (1); none: the model's
    /// default.
    std::optional<double> strength;
    InputKind input = InputKind::automatic;
    /// Low frequencies follow the input; none: the model's default, true where it is generative.
    std::optional<bool> colour_lock;
    bool tta = false;             ///< mean over 8 orientations: a little better, 8 times the work
    std::string device = "auto";  ///< "auto", "cpu", "cuda" or "cuda:N"
};

/// Immutable; run() may be called any number of times and from several threads at once. Runs at
/// work at the same time share `threads` evenly, and one that is left alone gets all.
class SISR_API Upscaler {
public:
    /// Throws Error{usage} for options out of range, Error{unsupported} for a device that is not
    /// there or bf16 on a processor that cannot.
    Upscaler(const Model& model, const UpscaleOptions& options);
    ~Upscaler();
    Upscaler(Upscaler&&) noexcept;
    Upscaler& operator=(Upscaler&&) noexcept;

    /// Arithmetic only. Throws Error{usage} for a shape that holds nothing, Error{unsupported} for
    /// a result that is too large to address.
    ImageShape output_shape(const ImageShape& input) const;

    /// How many times the input is enlarged; with an exact width and height the larger of the two.
    double scale_for(const ImageShape& input) const;

    /// Reads each input row once, in order, and writes each output row once, in order. Values
    /// outside [0,1] survive; a tiled result equals the untiled one. Returns the kind of input that
    /// it took the picture for, `automatic` where the model holds weights for one kind only. Throws
    /// Error{cancelled} when progress says so, Error{internal} when the network yields NaN, Inf or
    /// a flat tile even in fp32, and what source and sink throw.
    InputKind run(RowSource& source, RowSink& sink, Progress& progress) const;

    /// The same in memory; the result carries the input's metadata.
    Image run(const Image& image, Progress& progress) const;

    /// What run() takes a picture for that automatic options do not tell: clean, damaged or heavily
    /// damaged; always damaged where the model holds weights for one kind only. A part of a picture
    /// may look otherwise than the whole: who shows parts asks once and tells it in the options.
    /// Reads the first rows, up to 64 MB of them. Throws as run().
    InputKind judge(RowSource& source) const;

    /// "cpu, 2 threads, bf16 (AMX)": what the options came to, and why in this precision.
    std::string description() const;

private:
    struct Impl;
    std::unique_ptr<const Impl> impl_;
};

}  // namespace sisr
