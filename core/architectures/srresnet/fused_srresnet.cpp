#include "architectures/srresnet/fused_srresnet.h"

#include "nn/conv/fused_convolution.h"

#include <torch/torch.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace sisr {
namespace {

using Then = FusedConvolution::Then;

// Rows for a thread to take at a time.
constexpr std::int64_t kGrainRows = 4;

// Feature maps of this size, of one thread, stay in its core's cache from one layer to the next.
constexpr std::int64_t kStripBytes = 3 << 19;

// oneDNN divides a row by its length, and some lengths (1019) cost several times as much as others
// (1024), which DNNL_VERBOSE=1 shows. Multiples of this are all about as fast.
constexpr std::int64_t kFastColumns = 16;

// A strip of fewer would be mostly the copying of the rows that are kept; a wide image is cut into
// panels instead.
constexpr std::int64_t kPanelRows = 8;

/// PixelShuffle wants its channels in the order (colour, row, column); in the order (row, column,
/// colour) one input pixel's part of an output row is contiguous.
torch::Tensor by_output_rows(const torch::Tensor& tensor, int colour, int scale) {
    const auto apart = tensor.reshape({colour, scale * scale, -1});
    return apart.transpose(0, 1).reshape(tensor.sizes());
}

struct Block {
    FusedConvolution conv1;
    FusedConvolution conv2;
};

struct Layers {
    FusedConvolution head;
    std::vector<Block> body;
    FusedConvolution trunk;
    FusedConvolution tail;

    /// Pixels that a result depends on each way; rows from the last one given to the last result.
    std::int64_t reach() const {
        std::int64_t sum = head.reach() + trunk.reach() + tail.reach();
        for (const Block& block : body) sum += block.conv1.reach() + block.conv2.reach();
        return sum;
    }
};

/// How many equal parts of at most `most` there are.
std::int64_t parts_of(std::int64_t length, std::int64_t most) {
    return std::max<std::int64_t>((length + most - 1) / most, 1);
}

/// Between buffers of the same width and type. At some kilobytes a call, libtorch's own way costs
/// several times as much.
void copy_rows(const torch::Tensor& from, std::int64_t from_row, const torch::Tensor& to,
               std::int64_t to_row, std::int64_t count) {
    const std::int64_t row_bytes = from.stride(0) * static_cast<std::int64_t>(from.element_size());
    std::memcpy(static_cast<char*>(to.data_ptr()) + to_row * row_bytes,
                static_cast<const char*>(from.data_ptr()) + from_row * row_bytes,
                static_cast<std::size_t>(count * row_bytes));
}

/// Columns of the input: a panel.
struct Columns {
    std::int64_t begin, end;  ///< that the panel answers for
    std::int64_t from, to;    ///< that it is computed from; `to` may lie beyond the image
};

/// reach: columns that a result depends on each way.
Columns panel(std::int64_t begin, std::int64_t end, std::int64_t reach, std::int64_t width) {
    const std::int64_t first = std::max<std::int64_t>(begin - reach, 0);
    const std::int64_t last = std::min(end + reach, width);
    const std::int64_t computed = (last - first + kFastColumns - 1) / kFastColumns * kFastColumns;
    const std::int64_t from = std::max<std::int64_t>(std::min(first, width - computed), 0);
    return {begin, end, from, from + computed};
}

/// The input enlarged by nearest neighbour plus the details in their places, for rows
/// [begin, end) of the input. details: of the panel, of the input's rows from `details_y` on.
template <typename T>
void enlarge(const torch::Tensor& input, const torch::Tensor& details, std::int64_t details_y,
             std::int64_t begin, std::int64_t end, const Columns& columns,
             const torch::Tensor& output) {
    const std::int64_t scale = output.size(0) / input.size(0);
    const std::int64_t width = input.size(1);
    const std::int64_t colour = input.size(2);
    const std::int64_t part = scale * colour;  // of an output row, for one input pixel
    const auto* from = input.data_ptr<float>();
    const auto* detail = details.data_ptr<T>();
    auto* to = output.data_ptr<float>();
    const auto add = [&](std::int64_t y) {
        const float* pixel = from + (y * width + columns.begin) * colour;
        const T* added = detail + ((y - details_y) * (columns.to - columns.from) + columns.begin -
                                   columns.from) *
                                      scale * part;
        float* corner = to + (y * scale * width + columns.begin) * part;
        for (std::int64_t x = columns.begin; x < columns.end;
             ++x, pixel += colour, corner += part) {
            for (std::int64_t dy = 0; dy < scale; ++dy, added += part) {
                float* out = corner + dy * width * part;
                for (std::int64_t k = 0; k < part; k += colour) {
                    for (std::int64_t c = 0; c < colour; ++c) {
                        out[k + c] = pixel[c] + static_cast<float>(added[k + c]);
                    }
                }
            }
        }
    };
    at::parallel_for(begin, end, kGrainRows, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t y = first; y < last; ++y) add(y);
    });
}

/// A panel of an image on its way through the layers, a strip of rows at a time from top to bottom,
/// so that the feature maps stay in the caches and in little memory. A layer that is given rows up
/// to y yields rows up to y - reach; the rows above that it needs are the last ones of the strip
/// before, which it keeps. Pixels outside the image are computed like others and set to 0, the
/// padding of the next layer. An image no higher than a strip is one strip, and the layers pad it.
/// (Left and right they pad in any case.)
class Pass {
public:
    /// input [h,w,colour] and output [scale*h,scale*w,colour], float32.
    Pass(const Layers& layers, std::int64_t channels, torch::ScalarType precision,
         const torch::Tensor& input, const Columns& columns, const torch::Tensor& output)
        : layers_(layers),
          input_(input),
          columns_(columns),
          output_(output),
          height_(input.size(0)),
          width_(columns.to - columns.from),
          inner_width_(std::min(columns.to, input.size(1)) - columns.from) {
        const auto row_bytes =
            width_ * channels * static_cast<std::int64_t>(c10::elementSize(precision));
        const std::int64_t most =
            std::max(kPanelRows, kStripBytes * at::get_num_threads() / row_bytes);
        is_whole_ = height_ <= most;
        const std::int64_t all = height_ + layers.reach();
        const std::int64_t strips = parts_of(all, most);
        rows_ = is_whole_ ? height_ : (all + strips - 1) / strips;
        const auto strip = [&](std::int64_t above, std::int64_t depth) {
            return torch::empty({(is_whole_ ? 0 : above) + rows_, width_, depth}, precision);
        };
        const auto blocks = static_cast<std::int64_t>(layers.body.size());
        pixels_ = strip(2 * layers.head.reach(), input.size(2));
        features_ = strip(2 * (blocks + 1), channels);  // each block's result is 2 rows further up
        between_ = strip(2, channels);
        skip_ = strip(2 * layers.tail.reach(), channels);
        details_ = strip(0, layers.tail.outputs());
        if (is_whole_) return;
        for (std::int64_t i = 0; i < 2 * blocks + 2; ++i) {
            const bool is_tail = i == 2 * blocks + 1;
            const std::int64_t above = 2 * (is_tail ? layers.tail.reach() : 1);
            kept_.push_back(torch::zeros({above, width_, channels}, precision));
        }
    }

    void run(const Network::OnShare& on_share) {
        const std::int64_t end = height_ + (is_whole_ ? 0 : layers_.reach());
        for (std::int64_t y = 0; y < end; y += rows_) {
            step(y);
            on_share(std::min(1.0, static_cast<double>(y + rows_) / static_cast<double>(end)));
        }
    }

private:
    /// Rows [at, at + rows_) of a buffer hold the image's rows from y on.
    struct Strip {
        torch::Tensor buffer;
        std::int64_t at;
        std::int64_t y;
    };

    std::int64_t margin(const FusedConvolution& layer) const {
        return is_whole_ ? 0 : layer.reach();
    }

    /// The first row that is not above the image's end or below its begin, as rows of the strip.
    std::pair<std::int64_t, std::int64_t> inside(std::int64_t y, std::int64_t rows) const {
        const std::int64_t begin = std::clamp<std::int64_t>(-y, 0, rows);
        return {begin, std::clamp<std::int64_t>(height_ - y, begin, rows)};
    }

    void clear_outside(const torch::Tensor& rows, std::int64_t y) const {
        const auto [begin, end] = inside(y, rows.size(0));
        if (begin > 0) rows.narrow(0, 0, begin).zero_();
        if (end < rows.size(0)) rows.narrow(0, end, rows.size(0) - end).zero_();
        if (inner_width_ < width_) rows.narrow(1, inner_width_, width_ - inner_width_).zero_();
    }

    void step(std::int64_t y) {
        std::size_t layer = 0;
        Strip features{features_, features_.size(0) - rows_, y - margin(layers_.head)};
        run_head(features);
        for (const Block& block : layers_.body) {
            const Strip between{between_, between_.size(0) - rows_,
                                features.y - margin(block.conv1)};
            convolve(block.conv1, features, between, layer++);
            const std::int64_t up = margin(block.conv1) + margin(block.conv2);
            features.at -= up;
            features.y -= up;
            convolve(block.conv2, between, features, layer++);
        }
        const Strip skip{skip_, skip_.size(0) - rows_, features.y - margin(layers_.trunk)};
        run_head(skip);  // cheaper than to keep what it gave before
        convolve(layers_.trunk, features, skip, layer++);
        const Strip details{details_, 0, skip.y - margin(layers_.tail)};
        convolve(layers_.tail, skip, details, layer);
        put(details);
    }

    void run_head(const Strip& to) {
        const std::int64_t above = margin(layers_.head);
        const std::int64_t y = to.y - above;
        const auto [begin, end] = inside(y, pixels_.size(0));
        if (end > begin) {
            const auto given = input_.narrow(0, y + begin, end - begin);
            pixels_.narrow(0, begin, end - begin)
                .narrow(1, 0, inner_width_)
                .copy_(given.narrow(1, columns_.from, inner_width_));
        }
        clear_outside(pixels_, y);
        const auto rows = to.buffer.narrow(0, to.at, rows_);
        layers_.head.run(pixels_, rows);
        clear_outside(rows, to.y);
    }

    void convolve(const FusedConvolution& layer, const Strip& from, const Strip& to,
                  std::size_t index) {
        const std::int64_t above = 2 * margin(layer);
        if (above > 0) {
            copy_rows(kept_[index], 0, from.buffer, from.at - above, above);
            copy_rows(from.buffer, from.at + rows_ - above, kept_[index], 0, above);
        }
        const auto rows = to.buffer.narrow(0, to.at, rows_);
        layer.run(from.buffer.narrow(0, from.at - above, rows_ + above), rows);
        clear_outside(rows, to.y);
    }

    void put(const Strip& details) const {
        const auto [begin, end] = inside(details.y, rows_);
        const auto add = details.buffer.scalar_type() == torch::kBFloat16 ? enlarge<at::BFloat16>
                                                                          : enlarge<float>;
        add(input_, details.buffer, details.y, details.y + begin, details.y + end, columns_,
            output_);
    }

    const Layers& layers_;
    torch::Tensor input_;
    Columns columns_;
    torch::Tensor output_;
    std::int64_t height_;
    std::int64_t width_;        // of what is computed
    std::int64_t inner_width_;  // of what lies in the image
    bool is_whole_ = false;
    std::int64_t rows_ = 0;
    torch::Tensor pixels_;
    torch::Tensor features_;
    torch::Tensor between_;
    torch::Tensor skip_;
    torch::Tensor details_;
    std::vector<torch::Tensor> kept_;  ///< of each layer behind the head
};

class FusedSrResNet final : public Network {
public:
    FusedSrResNet(const SrResNetSettings& settings, const Tensors& tensors,
                  torch::ScalarType precision)
        : settings_(settings),
          precision_(precision),
          layers_{layer(tensors, "head", Then::relu),
                  {},
                  layer(tensors, "trunk", Then::add),
                  make_tail(tensors)} {
        for (int i = 0; i < settings.blocks; ++i) {
            const std::string block = "body." + std::to_string(i);
            layers_.body.push_back({layer(tensors, block + ".conv1", Then::relu),
                                    layer(tensors, block + ".conv2", Then::add)});
        }
    }

    torch::Tensor forward(const torch::Tensor& input) const override {
        return forward_telling(input, [](double /*share*/) {});
    }

    torch::Tensor forward_telling(const torch::Tensor& input,
                                  const OnShare& on_share) const override {
        const torch::InferenceMode inference;
        const auto given = input.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        const auto result = torch::empty(
            {given.size(0), given.size(1), settings_.scale * given.size(2),
             settings_.scale * given.size(3)},
            torch::TensorOptions(torch::kFloat32).memory_format(torch::MemoryFormat::ChannelsLast));
        const auto from = given.permute({0, 2, 3, 1});
        const auto to = result.permute({0, 2, 3, 1});
        const auto images = static_cast<double>(given.size(0));
        for (std::int64_t i = 0; i < given.size(0); ++i) {
            run_image(from[i], to[i],
                      [&](double share) { on_share((static_cast<double>(i) + share) / images); });
        }
        return result;
    }

private:
    /// Side by side, so that a strip of enough rows fits the cache however wide the image is.
    void run_image(const torch::Tensor& input, const torch::Tensor& output,
                   const OnShare& on_share) const {
        const auto pixel_bytes =
            settings_.channels * static_cast<std::int64_t>(c10::elementSize(precision_));
        const std::int64_t width = input.size(1);
        const std::int64_t panels = parts_of(width, kStripBytes / (kPanelRows * pixel_bytes));
        for (std::int64_t i = 0; i < panels; ++i) {
            const Columns columns =
                panel(width * i / panels, width * (i + 1) / panels, layers_.reach(), width);
            Pass(layers_, settings_.channels, precision_, input, columns, output)
                .run([&](double share) {
                    on_share((static_cast<double>(i) + share) / static_cast<double>(panels));
                });
        }
    }

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

    SrResNetSettings settings_;
    torch::ScalarType precision_;
    Layers layers_;
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
