/// Parts of transformers that several of the published networks share. Maps are [N,h,w,C] here,
/// windows [n, L, C] with L pixels each, in the order of rows. Weights are looked up by the layer's
/// name within its block, as a Custom holds them.
#pragma once

#include "nn/program.h"

#include <cstdint>
#include <string>

namespace sisr::nn::attention {

using Weights = Custom::Weights;

struct Window {
    std::int64_t height = 8;
    std::int64_t width = 8;

    std::int64_t area() const { return height * width; }
};

/// x [..., I] times `name`.weight [O, I], plus `name`.bias where it is there.
torch::Tensor linear(const torch::Tensor& x, const Weights& weights, const std::string& name);

/// Over the last dimension, by `name`.weight and `name`.bias.
torch::Tensor layer_norm(const torch::Tensor& x, const Weights& weights, const std::string& name,
                         double epsilon = 1e-5);

/// `name`.fc1, GELU, `name`.fc2.
torch::Tensor mlp(const torch::Tensor& x, const Weights& weights, const std::string& name);

/// [N,h,w,C] to [N * windows, L, C]; both sides must be multiples of the window's.
torch::Tensor partition(const torch::Tensor& map, Window window);

/// Its reverse, for a map of the shape of `like`.
torch::Tensor merge(const torch::Tensor& windows, const torch::Tensor& like, Window window);

/// A table [(2 height - 1) * (2 width - 1), heads] of what is added for each pair of places, as
/// [heads, L, L] (Liu et al. 2021, "Swin Transformer", equation 4).
torch::Tensor relative_bias(const torch::Tensor& table, Window window);

/// Of windows [n, L, I]: [n, heads, L, I / heads].
torch::Tensor apart(const torch::Tensor& windows, std::int64_t heads);

/// And back.
torch::Tensor together(const torch::Tensor& heads);

/// softmax(query key^T * scale + bias) value. query, key, value: [n, heads, L, d], of which key and
/// value may have another L. bias: of a shape that broadcasts to [n, heads, L, L of key], or
/// undefined. Some windows at a time, so that what is held grows with n by the result alone.
torch::Tensor attend(const torch::Tensor& query, const torch::Tensor& key,
                     const torch::Tensor& value, double scale, const torch::Tensor& bias);

/// Of a map that was rolled by -shift, in both directions: which side of the borders that this
/// brought into the last windows each pixel is from, [windows, L], in the order of partition().
torch::Tensor sides_of(std::int64_t height, std::int64_t width, Window window, Window shift);

/// Which windows of a map that was rolled by -shift, in both directions, join what does not belong
/// together, and what is added to the scores there: 0, or -100 between pixels of different sides.
class ShiftMask {
public:
    ShiftMask(std::int64_t height, std::int64_t width, Window window, Window shift);

    /// For windows [first, first + count), in the order of partition(): [count, 1, L, L]; undefined
    /// where none of them needs it.
    torch::Tensor of(std::int64_t first, std::int64_t count) const;

private:
    torch::Tensor sides_;  ///< [windows, L]: which side of the borders a pixel is from
};

}  // namespace sisr::nn::attention
