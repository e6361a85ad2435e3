#include "model/architectures/srresnet/fused_srresnet.h"

#include "model/layers/fused_convolution.h"

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
constexpr std::int64_t kStripBytes = 1 << 20;

// Fewer would be mostly the copying of the rows that are kept.
constexpr std::int64_t kLeastRows = 4;

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
};

/// Between buffers of the same width and type. At some kilobytes a call, libtorch's own way costs
/// several times as much.
void copy_rows(const torch::Tensor& from, std::int64_t from_row, const torch::Tensor& to,
               std::int64_t to_row, std::int64_t count) {
    const std::int64_t row_bytes = from.stride(0) * static_cast<std::int64_t>(from.element_size());
    std::memcpy(static_cast<char*>(to.data_ptr()) + to_row * row_bytes,
                static_cast<const char*>(from.data_ptr()) + from_row * row_bytes,
                static_cast<std::size_t>(count * row_bytes));
}

/// The input enlarged by nearest neighbour plus the details in their places, for rows
/// [begin, end) of the input. details: of the input's rows from `details_y` on.
template <typename T>
void enlarge(const torch::Tensor& input, const torch::Tensor& details, std::int64_t details_y,
             std::int64_t begin, std::int64_t end, std::int64_t scale,
             const torch::Tensor& output) {
    const std::int64_t width = input.size(1);
    const std::int64_t colour = input.size(2);
    const std::int64_t part = scale * colour;  // of an output row, for one input pixel
    const auto* from = input.data_ptr<float>();
    const auto* detail = details.data_ptr<T>();
    auto* to = output.data_ptr<float>();
    const auto add = [&](std::int64_t y) {
        const float* pixel = from + y * width * colour;
        const T* added = detail + (y - details_y) * width * scale * part;
        float* corner = to + y * scale * width * part;
        for (std::int64_t x = 0; x < width; ++x, pixel += colour, corner += part) {
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

/// One image on its way through the layers, a strip of rows at a time from top to bottom, so that
/// the feature maps stay in the caches and in little memory. A layer that is given rows up to y
/// yields rows up to y - reach; the rows above that it needs are the last ones of the strip before,
/// which it keeps. Rows outside the image are computed like others and set to 0, the padding of the
/// next layer. An image no higher than a strip is one strip, and the layers pad it.
class Pass {
public:
    /// input [h,w,colour] and output [scale*h,scale*w,colour], float32.
    Pass(const Layers& layers, std::int64_t channels, torch::ScalarType precision,
         const torch::Tensor& input, const torch::Tensor& output)
        : layers_(layers),
          input_(input),
          output_(output),
          height_(input.size(0)),
          width_(input.size(1)),
          scale_(output.size(0) / input.size(0)) {
        const auto row_bytes =
            width_ * channels * static_cast<std::int64_t>(c10::elementSize(precision));
        const std::int64_t most =
            std::max(kLeastRows, kStripBytes * at::get_num_threads() / row_bytes);
        is_whole_ = height_ <= most;
        rows_ = is_whole_ ? height_ : even_part(height_ + lag(), most);
        const auto strip = [&](std::int64_t above, std::int64_t depth) {
            return torch::empty({(is_whole_ ? 0 : above) + rows_, width_, depth}, precision);
        };
        const auto blocks = static_cast<std::int64_t>(layers.body.size());
        pixels_ = strip(2 * layers.head.reach(), input.size(2));
        features_ = strip(2 * (blocks + 1), channels);  // each block's result is 2 rows further up
        between_ = strip(2, channels);
        skip_ = strip(2 * layers.tail.reach(), channels);
        details_ = strip(0, input.size(2) * scale_ * scale_);
        if (is_whole_) return;
        for (std::int64_t i = 0; i < 2 * blocks + 2; ++i) {
            const bool is_tail = i == 2 * blocks + 1;
            const std::int64_t above = 2 * (is_tail ? layers.tail.reach() : 1);
            kept_.push_back(torch::zeros({above, width_, channels}, precision));
        }
    }

    void run() {
        const std::int64_t end = height_ + (is_whole_ ? 0 : lag());
        for (std::int64_t y = 0; y < end; y += rows_) step(y);
    }

private:
    /// Rows [at, at + rows_) of a buffer hold the image's rows from y on.
    struct Strip {
        torch::Tensor buffer;
        std::int64_t at;
        std::int64_t y;
    };

    static std::int64_t even_part(std::int64_t length, std::int64_t most) {
        const std::int64_t parts = (length + most - 1) / most;
        return (length + parts - 1) / parts;
    }

    /// Rows from the last one given to the last one that is whole.
    std::int64_t lag() const {
        std::int64_t sum = layers_.head.reach() + layers_.trunk.reach() + layers_.tail.reach();
        for (const Block& block : layers_.body) sum += block.conv1.reach() + block.conv2.reach();
        return sum;
    }

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
            pixels_.narrow(0, begin, end - begin).copy_(input_.narrow(0, y + begin, end - begin));
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
        add(input_, details.buffer, details.y, details.y + begin, details.y + end, scale_, output_);
    }

    const Layers& layers_;
    torch::Tensor input_;
    torch::Tensor output_;
    std::int64_t height_;
    std::int64_t width_;
    std::int64_t scale_;
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
        const torch::InferenceMode inference;
        const auto given = input.to(torch::kFloat32).contiguous(torch::MemoryFormat::ChannelsLast);
        const auto result = torch::empty(
            {given.size(0), given.size(1), settings_.scale * given.size(2),
             settings_.scale * given.size(3)},
            torch::TensorOptions(torch::kFloat32).memory_format(torch::MemoryFormat::ChannelsLast));
        const auto from = given.permute({0, 2, 3, 1});
        const auto to = result.permute({0, 2, 3, 1});
        for (std::int64_t i = 0; i < given.size(0); ++i) {
            Pass(layers_, settings_.channels, precision_, from[i], to[i]).run();
        }
        return result;
    }

private:
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

std::size_t fused_values_per_column(const SrResNetSettings& settings) {
    const auto channels = static_cast<std::size_t>(settings.channels);
    const auto layers = 2 * static_cast<std::size_t>(settings.blocks) + 2;
    // Features, between and skip with the rows above them, and what is kept for each layer. Where
    // the strip is higher than kLeastRows, it is kStripBytes and no matter.
    const std::size_t rows = 3 * kLeastRows + layers + 4 + 2 * layers;
    const auto colour = static_cast<std::size_t>(settings.colour_channels);
    const auto details = colour * static_cast<std::size_t>(settings.scale * settings.scale);
    return rows * channels + kLeastRows * (colour + details);
}

std::unique_ptr<Network> make_fused_srresnet(const SrResNetSettings& settings,
                                             const Tensors& tensors, torch::ScalarType precision) {
    return std::make_unique<FusedSrResNet>(settings, tensors, precision);
}

}  // namespace sisr
