/// Networks that attend in rectangles of two shapes (nn/attention/split_windows.h), and differ in
/// their blocks alone: DAT and those after it.
#pragma once

#include "architectures/transformer.h"
#include "nn/attention/split_windows.h"

#include <functional>
#include <string>

namespace sisr {

/// A block of a group.
struct SplitBlock {
    std::string group;  ///< "layers.0"
    std::string name;   ///< "layers.0.blocks.1"
    int index = 0;      ///< in its group
    nn::attention::SplitWindows windows;
    Bias query_bias = Bias::none;  ///< whether the file's queries, keys and values have one
};

/// Whether the names are those of such a network, its blocks aside.
bool is_split_transformer(const ShapeReader& shapes);

Spec split_transformer_spec(const ShapeReader& shapes);

using AppendBlock =
    std::function<nn::Value(nn::ProgramBuilder&, nn::Value input, const SplitBlock&)>;

Built build_split_transformer(const Tensors& tensors, const AppendBlock& append);

/// Takes the weights of a convolution of 3x3 of each channel by itself.
void take_depthwise(nn::ProgramBuilder& builder, nn::Custom::Weights& weights,
                    const std::string& name, const std::string& as, int channels);

/// Those of block.name.attn that attend_in_split_windows() wants, and its qkv and proj.
void take_split_attention(nn::ProgramBuilder& builder, nn::Custom::Weights& weights,
                          const SplitBlock& block, int channels);

/// Those of block.name.norm2 and `name` for gated_mlp().
void take_gated_mlp(nn::ProgramBuilder& builder, nn::Custom::Weights& weights,
                    const SplitBlock& block, const std::string& name, int channels);

/// A layer that makes a map [h,w,C] of each of its inputs' maps.
using OnMaps =
    std::function<torch::Tensor(const std::vector<torch::Tensor>&, const nn::Custom::Weights&)>;

/// values: as Custom has them. multiply_adds: beside those of the linear layers and convolutions
/// among the weights.
nn::Value append_on_maps(nn::ProgramBuilder& builder, std::vector<nn::Value> inputs,
                         nn::Custom::Weights weights, OnMaps run, std::int64_t values,
                         std::int64_t multiply_adds = 0);

/// Multiply-adds of attend_in_split_windows() for each pixel.
std::int64_t split_attention_multiply_adds(const SplitBlock& block, int channels);

}  // namespace sisr
