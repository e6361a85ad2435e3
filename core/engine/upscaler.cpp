#include <sisr/upscaler.h>

#include "engine/device.h"
#include "engine/input_judge.h"
#include "engine/peeked_source.h"
#include "engine/tile_plan.h"
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

// Input pixels; of ESRGAN some 350.
constexpr int kFarRadius = 64;

// The tile, what its clamp and the colour lock make of it, and the rows that it was cut from.
constexpr std::size_t kInputsAtOnce = 7;

// What a run tells at most before the result is written.
constexpr double kComputed = 0.999;

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

/// Input rows in memory: the band at work and its overlap, read once each.
class RowWindow {
public:
    /// most_rows: that advance() will ask for.
    RowWindow(RowSource& source, int most_rows) : source_(source), shape_(source.shape()) {
        rows_.reserve(static_cast<std::size_t>(most_rows) * shape_.row_samples());
    }

    /// Makes rows [y0, y1) available; y0 and y1 never decrease from call to call.
    void advance(int y0, int y1) {
        const std::size_t stride = shape_.row_samples();
        const auto dropped = static_cast<std::size_t>(y0 - begin_) * stride;
        rows_.erase(rows_.begin(),
                    rows_.begin() + static_cast<std::ptrdiff_t>(std::min(dropped, rows_.size())));
        begin_ = y0;
        rows_.resize(static_cast<std::size_t>(y1 - y0) * stride);
        source_.read_rows(end_, y1, rows_.data() + static_cast<std::size_t>(end_ - y0) * stride);
        end_ = y1;
    }

    Image cut(const Rect& rect) const {
        ImageShape shape = shape_;
        shape.width = rect.width();
        shape.height = rect.height();
        Image tile(shape);
        const auto channels = static_cast<std::size_t>(shape.channels());
        for (int y = rect.y0; y < rect.y1; ++y) {
            const float* row = rows_.data() +
                               static_cast<std::size_t>(y - begin_) * shape_.row_samples() +
                               static_cast<std::size_t>(rect.x0) * channels;
            std::copy_n(row, shape.row_samples(), tile.row(y - rect.y0));
        }
        return tile;
    }

private:
    RowSource& source_;
    ImageShape shape_;
    std::vector<float> rows_;
    int begin_ = 0;
    int end_ = 0;
};

/// The part of a tile's result that answers for its crop.
class CropResult {
public:
    CropResult(torch::Tensor result, const Tile& tile, int scale)
        : result_(std::move(result)),
          row_samples_(static_cast<std::size_t>(result_.size(1) * result_.size(3))),
          left_(static_cast<std::size_t>((tile.crop.x0 - tile.input.x0) * scale * result_.size(1))),
          top_((tile.crop.y0 - tile.input.y0) * scale),
          size_{tile.crop.width() * scale, tile.crop.height() * scale} {}

    const float* row(int y) const {
        return result_.data_ptr<float>() + static_cast<std::size_t>(top_ + y) * row_samples_ +
               left_;
    }

    /// Copies it to column x of the band's rows.
    void paste(Image& band, int x) const {
        const auto channels = static_cast<std::size_t>(band.channels());
        for (int y = 0; y < size_.height; ++y) {
            std::copy_n(row(y), static_cast<std::size_t>(size_.width) * channels,
                        band.row(y) + static_cast<std::size_t>(x) * channels);
        }
    }

private:
    torch::Tensor result_;
    std::size_t row_samples_;
    std::size_t left_;
    int top_;
    Size size_;
};

/// Rows of the tallest band, from `begin` to `end`.
int most_rows(const std::vector<Band>& bands, int Band::*begin, int Band::*end) {
    int most = 0;
    for (const Band& band : bands) most = std::max(most, band.*end - band.*begin);
    return most;
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
        return {options.colour_lock.value_or(model.info().locks_colour), options.tta};
    }

    Size native_size(const ImageShape& input) const {
        return {input.width * traits.scale, input.height * traits.scale};
    }

    TileBudget budget(const ImageShape& shape) const {
        TileBudget result;
        result.tile = options.tile;
        // Bands of a network that sees far would compute most of their rows twice.
        const bool sees_far = traits.is_stripped_on_cpu && traits.radius > kFarRadius;
        if (!sees_far) result.tile_pixels = kTilePixels;
        const std::size_t value_bytes = plan.precision == torch::kBFloat16 ? 2 : 4;
        const std::size_t input_bytes = sizeof(float) * static_cast<std::size_t>(shape.channels());
        const std::size_t result_bytes = input_bytes * traits.scale * traits.scale;
        // Transparency is computed by itself, and joined to the colours in a copy; a mean of
        // orientations needs the sum, the next one, and that turned back.
        const std::size_t results_at_once = (shape.has_alpha ? 2 : 1) + (options.tta ? 2 : 0);
        result.memory_bytes = options.memory_bytes / static_cast<std::size_t>(options.runs);
        result.tile_pixel_bytes = kInputsAtOnce * input_bytes + results_at_once * result_bytes;
        const bool is_stripped = plan.device.is_cpu() && traits.is_stripped_on_cpu;
        if (!is_stripped) {
            result.tile_pixel_bytes += traits.activation_values_per_pixel * value_bytes;
        } else {
            const std::size_t strips = traits.strip_bytes_per_column * value_bytes / sizeof(float) *
                                       static_cast<std::size_t>(shape.width);
            result.memory_bytes -= std::min(strips, result.memory_bytes / 2);
        }
        result.band_pixel_bytes = input_bytes + result_bytes;  // the rows read, the rows made
        return result;
    }

    /// All of the picture, at the network's own scale. Returns what it was taken for.
    InputKind run_all(RowSource& source, RowSink& sink, Progress& progress) const;

    void run_bands(const TileRunner& network, RowSource& source, RowSink& sink,
                   Progress& progress) const;

    /// Runs share the cores evenly: a thread for each picture gets more out of them than all
    /// threads for one picture after the other. The last run has all of them.
    void share_threads() const { set_threads(std::max(1, plan.threads / active_runs)); }

    CropResult run_tile(const TileRunner& network, const RowWindow& window, const Tile& tile,
                        const Network::OnShare& on_share) const {
        share_threads();
        return {network.compute(window.cut(tile.input), on_share), tile, traits.scale};
    }

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
    if (!specials) {
        run_bands(runner, source, sink, progress);
        return told_apart ? options.input : InputKind::automatic;
    }
    const auto run_as = [&](InputKind kind, RowSource& rows) {
        const TileRunner* special = specials->of_kind(kind);
        run_bands(special ? *special : runner, rows, sink, progress);
        return kind;
    };
    if (options.input != InputKind::automatic) return run_as(options.input, source);
    PeekedSource peeked(source, judged_rows(source.shape()));
    share_threads();
    return run_as(specials->judge(peeked.first_rows()), peeked);
}

void Upscaler::Impl::run_bands(const TileRunner& network, RowSource& source, RowSink& sink,
                               Progress& progress) const {
    const ImageShape input = source.shape();
    const std::vector<Band> bands = plan_tiles(input.size(), runner.reach(input), budget(input));
    const double all_pixels = static_cast<double>(input.width) * input.height;
    double done_pixels = 0;
    double furthest = 0;  // a tile may be computed again, in fp32
    const auto tell = [&](double pixels) {
        furthest = std::max(furthest, std::min(pixels / all_pixels, kComputed));
        if (!progress.report(furthest)) {
            throw Error(ErrorKind::cancelled, "upscaling", "cancelled");
        }
    };
    RowWindow window(source, most_rows(bands, &Band::input_y0, &Band::input_y1));
    sink.begin(scaled(input, native_size(input)));
    const auto run_next = [&](const Tile& tile) {
        tell(done_pixels);
        const double pixels = static_cast<double>(tile.crop.width()) * tile.crop.height();
        const auto on_share = [&](double share) { tell(done_pixels + share * pixels); };
        CropResult result = run_tile(network, window, tile, on_share);
        done_pixels += pixels;
        return result;
    };
    Image rows;
    for (const Band& band : bands) {
        window.advance(band.input_y0, band.input_y1);
        const int y0 = band.y0 * traits.scale;
        const int y1 = band.y1 * traits.scale;
        if (band.tiles.size() == 1) {  // its rows are the band's
            sink.write_rows(y0, y1, run_next(band.tiles.front()).row(0));
            continue;
        }
        if (rows.height() == 0) {  // once: two of them would be most of the memory
            const int tallest = most_rows(bands, &Band::y0, &Band::y1);
            rows = Image(scaled(input, {input.width * traits.scale, tallest * traits.scale}));
        }
        for (const Tile& tile : band.tiles) {
            run_next(tile).paste(rows, tile.crop.x0 * traits.scale);
        }
        sink.write_rows(y0, y1, rows.row(0));
    }
    sink.finish();
    progress.report(1);
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
