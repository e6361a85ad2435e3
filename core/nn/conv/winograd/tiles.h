/// Pictures of interleaved channels, cut into the tiles of a Winograd convolution.
#pragma once

#include "nn/conv/winograd/kernels.h"

#include <torch/torch.h>

#include <algorithm>
#include <vector>

namespace sisr::winograd {

/// A tile's results.
struct Tile {
    std::ptrdiff_t picture, y, x;
    int rows, columns;  ///< at most kResults
};

/// The tiles of pictures, one picture after the other.
class TileGrid {
public:
    /// results: [N,h,w,C].
    explicit TileGrid(const torch::Tensor& results)
        : pictures_(results.size(0)),
          height_(results.size(1)),
          width_(results.size(2)),
          across_((width_ + kResults - 1) / kResults),
          each_(across_ * ((height_ + kResults - 1) / kResults)) {}

    std::ptrdiff_t tiles() const { return pictures_ * each_; }
    /// Of kTiles tiles, the last one of what is left.
    std::ptrdiff_t blocks() const { return (tiles() + kTiles - 1) / kTiles; }
    std::ptrdiff_t tiles_of(std::ptrdiff_t block) const {
        return std::min(kTiles, tiles() - block * kTiles);
    }

    Tile tile(std::ptrdiff_t index) const {
        const std::ptrdiff_t y = index % each_ / across_ * kResults;
        const std::ptrdiff_t x = index % each_ % across_ * kResults;
        return {index / each_, y, x, static_cast<int>(std::min(kResults, height_ - y)),
                static_cast<int>(std::min(kResults, width_ - x))};
    }
    std::ptrdiff_t width() const { return width_; }
    /// The number of pixels before a tile's first one.
    std::ptrdiff_t corner(const Tile& tile) const {
        return (tile.picture * height_ + tile.y) * width_ + tile.x;
    }

private:
    std::ptrdiff_t pictures_, height_, width_;
    std::ptrdiff_t across_;  // tiles in a row of them
    std::ptrdiff_t each_;    // tiles of a picture
};

/// Transforms tiles' inputs. For one thread.
class InputTransform {
public:
    /// inputs: [N,h,w,C], dense; above: rows of zero padding, 0 or 1. Both must stay.
    InputTransform(const Kernels& kernels, const torch::Tensor& inputs, std::ptrdiff_t above)
        : kernels_(kernels),
          from_(inputs.data_ptr<float>()),
          height_(inputs.size(1)),
          width_(inputs.size(2)),
          channels_(inputs.size(3)),
          above_(above) {}

    void run(const Tile& tile, float* to) {
        const std::ptrdiff_t y = tile.y - above_;
        const std::ptrdiff_t x = tile.x - 1;
        const bool is_inside = y >= 0 && y + kInputs <= height_ && x >= 0 && x + kInputs <= width_;
        const float* picture = from_ + tile.picture * height_ * width_ * channels_;
        const float* corner =
            is_inside ? picture + (y * width_ + x) * channels_ : with_padding(picture, y, x);
        const Steps steps{(is_inside ? width_ : kInputs) * channels_, channels_};
        kernels_.transform_input(corner, steps, channels_, to, kTiles * channels_);
    }

private:
    /// A copy of the 6x6 pixels from (y, x) on, with zeros where there are none.
    const float* with_padding(const float* picture, std::ptrdiff_t y, std::ptrdiff_t x) {
        padded_.assign(static_cast<std::size_t>(kPlaces * channels_), 0.0F);
        const std::ptrdiff_t first = std::max<std::ptrdiff_t>(-x, 0);
        const std::ptrdiff_t last = std::min(kInputs, width_ - x);
        for (std::ptrdiff_t row = 0; row < kInputs; ++row) {
            if (y + row < 0 || y + row >= height_) continue;
            std::copy_n(picture + ((y + row) * width_ + x + first) * channels_,
                        (last - first) * channels_,
                        padded_.data() + (row * kInputs + first) * channels_);
        }
        return padded_.data();
    }

    const Kernels& kernels_;
    const float* from_;
    std::ptrdiff_t height_, width_, channels_, above_;
    std::vector<float> padded_;
};

}  // namespace sisr::winograd
