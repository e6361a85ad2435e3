#include <sisr/upscaler.h>

#include "base/machine_memory.h"
#include "engine/device.h"
#include "engine/input_judge.h"
#include "engine/peeked_source.h"
#include "engine/picture_run.h"
#include "engine/tile_runner.h"
#include "image/resize.h"
#include "model/model_impl.h"

#include <sisr/error.h>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace sisr {
namespace {

constexpr double kMaxSide = 1 << 24;

// Between two tiles a run makes sure that the cores are shared well: each second or so.
constexpr std::size_t kTilePixels = std::size_t{1} << 20;

constexpr std::size_t kMemoryBytes = std::size_t{768} << 20;

// Input pixels; of ESRGAN some 350.
constexpr int kFarRadius = 64;

// The tile, what its clamp and the colour lock make of it, and the rows that it was cut from.
constexpr std::size_t kInputsAtOnce = 7;

// That a picture is judged by: all of it up to some five megapixels.
constexpr std::size_t kJudgedBytes = std::size_t{64} << 20;

void check(const UpscaleOptions& options) {
    const auto fail = [](const char* option, const std::string& reason) {
        throw Error(ErrorKind::usage, option, reason);
    };
    // Written so that NaN fails.
    if (options.scale != 0 && !(options.scale >= kMinScale && options.scale <= kMaxScale)) {
        fail("scale", "must be a number from 1 to 16");
    }
    const Size& size = options.size;
    if (size.width < 0 || size.height < 0) fail("size", "must not be negative");
    if (options.fit && (size.width == 0 || size.height == 0)) {
        fail("fit", "needs a width and a height above 0");
    }
    if (options.tile < 0) fail("tile", "must not be negative");
    if (options.runs < 1) fail("runs", "must be at least 1");
}

ImageShape scaled(ImageShape shape, Size size) {
    shape.width = size.width;
    shape.height = size.height;
    return shape;
}

int judged_rows(const ImageShape& shape) {
    const std::size_t rows = kJudgedBytes / (sizeof(float) * shape.row_samples());
    return static_cast<int>(
        std::clamp<std::size_t>(rows, 1, static_cast<std::size_t>(shape.height)));
}

/// The networks of a model that holds weights for some kinds of input.
class SpecialRunners {
public:
    /// chosen: the model at the strength that is wanted.
    SpecialRunners(const Model& model, const Model& chosen, const ExecutionPlan& plan,
                   const TileOptions& options)
        : judge_(model, plan) {
        for (const auto& special : chosen.impl().specials) {
            runners_.push_back({special.kind, std::make_unique<const TileRunner>(
                                                  Model(special.weights), plan, options)});
        }
    }

    /// Null: the weights for all else.
    const TileRunner* of_kind(InputKind kind) const {
        for (const Runner& runner : runners_) {
            if (runner.kind == kind) return runner.network.get();
        }
        return nullptr;
    }

    InputKind judge(const Image& first_rows) const { return judge_.judge(first_rows); }

private:
    struct Runner {
        InputKind kind;
        std::unique_ptr<const TileRunner> network;
    };
    InputJudge judge_;
    std::vector<Runner> runners_;
};

}  // namespace

struct Upscaler::Impl {
    /// chosen: the model at the strength of the options.
    Impl(const Model& model, const Model& chosen, const UpscaleOptions& upscale_options)
        : options((check(upscale_options), upscale_options)),
          plan(plan_execution(options, model.impl().traits)),
          traits(model.impl().traits),
          runner(chosen, plan, tile_options(model)),
          told_apart(!chosen.impl().specials.empty()) {
        if (!told_apart || options.input == InputKind::damaged) return;
        specials = std::make_unique<SpecialRunners>(model, chosen, plan, tile_options(model));
    }

    TileOptions tile_options(const Model& model) const {
        return {options.colour_lock.value_or(model.info().locks_colour), options.tta,
                share_of_network(model, options.strength)};
    }

    Size native_size(const ImageShape& input) const {
        return {input.width * traits.scale, input.height * traits.scale};
    }

    RunBudget budget(const ImageShape& shape) const {
        RunBudget run;
        TileBudget& result = run.tiles;
        result.tile = options.tile;
        result.multiple = traits.tile_multiple;
        // Bands of a network that sees far would compute most of their rows twice.
        const bool sees_far = traits.is_stripped_on_cpu && traits.radius > kFarRadius;
        if (!sees_far) result.tile_pixels = kTilePixels;
        std::size_t memory = options.memory_bytes;
        if (memory == 0) {
            memory = sees_far ? std::max(kMemoryBytes, machine_memory() / 4) : kMemoryBytes;
        }
        run.memory_bytes = memory / static_cast<std::size_t>(options.runs);
        const std::size_t value_bytes = plan.precision == torch::kBFloat16 ? 2 : 4;
        const std::size_t input_bytes = sizeof(float) * static_cast<std::size_t>(shape.channels());
        const std::size_t result_bytes = input_bytes * traits.scale * traits.scale;
        // Transparency is computed by itself, and joined to the colours in a copy; a mean of
        // orientations needs the sum, the next one, and that turned back.
        const std::size_t results_at_once = (shape.has_alpha ? 2 : 1) + (options.tta ? 2 : 0);
        result.memory_bytes = run.memory_bytes;
        result.tile_pixel_bytes = kInputsAtOnce * input_bytes + results_at_once * result_bytes;
        const bool is_stripped = plan.device.is_cpu() && traits.is_stripped_on_cpu;
        if (!is_stripped) {
            result.tile_pixel_bytes += traits.activation_values_per_pixel * value_bytes;
        } else {
            run.strip_bytes = traits.strip_bytes_per_column * value_bytes / sizeof(float) *
                              static_cast<std::size_t>(shape.width);
            result.memory_bytes -= std::min(run.strip_bytes, result.memory_bytes / 2);
        }
        result.band_pixel_bytes = input_bytes + result_bytes;  // the rows read, the rows made
        return run;
    }

    /// All of the picture, at the network's own scale. Returns what it was taken for.
    InputKind run_all(RowSource& source, RowSink& sink, Progress& progress) const;

    /// Runs share the cores evenly: a thread for each picture gets more out of them than all
    /// threads for one picture after the other. The last run has all of them.
    void share_threads() const { set_threads(std::max(1, plan.threads / active_runs)); }

    UpscaleOptions options;
    ExecutionPlan plan;
    NetworkTraits traits;
    TileRunner runner;  ///< for what `specials` has no network for
    bool told_apart;    ///< the model holds weights for several kinds of input
    std::unique_ptr<const SpecialRunners> specials;
    mutable std::atomic<int> active_runs{0};
};

/// Counts a run as long as it lives.
class ActiveRun {
public:
    explicit ActiveRun(std::atomic<int>& count) : count_(count) { ++count_; }
    ~ActiveRun() { --count_; }
    ActiveRun(const ActiveRun&) = delete;
    ActiveRun& operator=(const ActiveRun&) = delete;

private:
    std::atomic<int>& count_;
};

InputKind Upscaler::Impl::run_all(RowSource& source, RowSink& sink, Progress& progress) const {
    const ActiveRun active(active_runs);
    const auto run_by = [&](const TileRunner& network, RowSource& rows) {
        const auto share = [this] { share_threads(); };
        run_picture(network, budget(source.shape()), share, rows, sink, progress);
    };
    if (!specials) {
        run_by(runner, source);
        return told_apart ? options.input : InputKind::automatic;
    }
    const auto run_as = [&](InputKind kind, RowSource& rows) {
        const TileRunner* special = specials->of_kind(kind);
        run_by(special ? *special : runner, rows);
        return kind;
    };
    if (options.input != InputKind::automatic) return run_as(options.input, source);
    PeekedSource peeked(source, judged_rows(source.shape()));
    share_threads();
    return run_as(specials->judge(peeked.first_rows()), peeked);
}

Upscaler::Upscaler(const Model& model, const UpscaleOptions& options)
    : impl_(std::make_unique<const Impl>(model, at_strength(model, options.strength), options)) {}
Upscaler::~Upscaler() = default;
Upscaler::Upscaler(Upscaler&&) noexcept = default;
Upscaler& Upscaler::operator=(Upscaler&&) noexcept = default;

double Upscaler::scale_for(const ImageShape& input) const {
    const UpscaleOptions& options = impl_->options;
    const double across = static_cast<double>(options.size.width) / input.width;
    const double down = static_cast<double>(options.size.height) / input.height;
    if (options.fit) return std::min(across, down);
    if (across > 0 || down > 0) return std::max(across, down);
    return options.scale > 0 ? options.scale : impl_->traits.scale;
}

ImageShape Upscaler::output_shape(const ImageShape& input) const {
    const bool has_colour = input.colour_channels == 1 || input.colour_channels == 3;
    if (input.width < 1 || input.height < 1 || !has_colour) {
        throw Error(ErrorKind::usage, "image", "needs pixels, and 1 or 3 colour channels");
    }
    const UpscaleOptions& options = impl_->options;
    double width = options.size.width;
    double height = options.size.height;
    if (width == 0 || height == 0 || options.fit) {
        const double scale = scale_for(input);
        // A side that was asked for is met exactly, whatever the rounding.
        if (width == 0 || options.fit) width = std::max(1.0, std::round(input.width * scale));
        if (height == 0 || options.fit) height = std::max(1.0, std::round(input.height * scale));
    }
    const double native =
        static_cast<double>(std::max(input.width, input.height)) * impl_->traits.scale;
    if (std::max({width, height, native}) > kMaxSide) {
        throw Error(ErrorKind::unsupported, "size",
                    "the result would be over 16,777,216 pixels wide or high");
    }
    return scaled(input, {static_cast<int>(width), static_cast<int>(height)});
}

InputKind Upscaler::run(RowSource& source, RowSink& sink, Progress& progress) const {
    const ImageShape input = source.shape();
    const Size target = output_shape(input).size();
    if (target == impl_->native_size(input)) {
        return impl_->run_all(source, sink, progress);
    }
    ResizingSink resizer(sink, target, Kernel::lanczos3);
    return impl_->run_all(source, resizer, progress);
}

Image Upscaler::run(const Image& image, Progress& progress) const {
    ImageSource source(image);
    ImageSink sink;
    run(source, sink, progress);
    Image result = sink.take();
    result.metadata = image.metadata;
    return result;
}

InputKind Upscaler::judge(RowSource& source) const {
    if (impl_->options.input != InputKind::automatic) return impl_->options.input;
    output_shape(source.shape());
    if (!impl_->specials) return InputKind::damaged;
    const ActiveRun active(impl_->active_runs);
    const PeekedSource peeked(source, judged_rows(source.shape()));
    impl_->share_threads();
    return impl_->specials->judge(peeked.first_rows());
}

std::string Upscaler::description() const { return describe(impl_->plan); }

}  // namespace sisr
