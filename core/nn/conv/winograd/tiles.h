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
    /// results: [N,h,w,C], of any steps between pictures, rows and columns.
    explicit TileGrid(const torch::Tensor& results)
        : picture_step_(results.stride(0)),
          steps_{results.stride(1), results.stride(2)},
          pictures_(results.size(0)),
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
    Steps steps() const { return steps_; }
    /// The number of samples before a tile's first one.
    std::ptrdiff_t corner(const Tile& tile) const {
        return tile.picture * picture_step_ + tile.y * steps_.row + tile.x * steps_.column;
    }

private:
    std::ptrdiff_t picture_step_;
    Steps steps_;
    std::ptrdiff_t pictures_, height_, width_;
    std::ptrdiff_t across_;  // tiles in a row of them
    std::ptrdiff_t each_;    // tiles of a picture
};

/// Transforms tiles' inputs. For one thread.
class InputTransform {
public:
    /// inputs: [N,h,w,C], of any steps between pictures, rows and columns; above and left: rows and
    /// columns of zero padding, 0 or 1. The kernels and the inputs must stay.
    InputTransform(const Kernels& kernels, const torch::Tensor& inputs, std::ptrdiff_t above,
                   std::ptrdiff_t left)
        : kernels_(kernels),
          from_(inputs.data_ptr<float>()),
          picture_step_(inputs.stride(0)),
          steps_{inputs.stride(1), inputs.stride(2)},
          height_(inputs.size(1)),
          width_(inputs.size(2)),
          channels_(inputs.size(3)),
          above_(above),
          left_(left) {}

    void run(const Tile& tile, float* to) {
        const std::ptrdiff_t y = tile.y - above_;
        const std::ptrdiff_t x = tile.x - left_;
        const bool is_inside = y >= 0 && y + kInputs <= height_ && x >= 0 && x + kInputs <= width_;
        const float* picture = from_ + tile.picture * picture_step_;
        const float* corner =
            is_inside ? picture + y * steps_.row + x * steps_.column : with_padding(picture, y, x);
        const Steps padded{kInputs * channels_, channels_};
        kernels_.transform_input(corner, is_inside ? steps_ : padded, channels_, to,
                                 kTiles * channels_);
    }

private:
    /// A copy of the 6x6 pixels from (y, x) on, with zeros where there are none.
    const float* with_padding(const float* picture, std::ptrdiff_t y, std::ptrdiff_t x) {
        padded_.assign(static_cast<std::size_t>(kPlaces * channels_), 0.0F);
        const std::ptrdiff_t first = std::max<std::ptrdiff_t>(-x, 0);
        const std::ptrdiff_t last = std::min(kInputs, width_ - x);
        for (std::ptrdiff_t row = 0; row < kInputs; ++row) {
            if (y + row < 0 || y + row >= height_) continue;
            for (std::ptrdiff_t column = first; column < last; ++column) {
                std::copy_n(picture + (y + row) * steps_.row + (x + column) * steps_.column,
                            channels_, padded_.data() + (row * kInputs + column) * channels_);
            }
        }
        return padded_.data();
    }

    const Kernels& kernels_;
    const float* from_;
    std::ptrdiff_t picture_step_;
    Steps steps_;
    std::ptrdiff_t height_, width_, channels_, above_, left_;
    std::vector<float> padded_;
};

}  // namespace sisr::winograd
