/// What the networks of transformer blocks do alike: their blocks as layers, their ends.
#pragma once

#include "architectures/shape_reader.h"
#include "nn/attention/swin.h"

#include <optional>
#include <string>
#include <vector>

namespace sisr {

/// Takes `name`.weight [outputs, inputs] of a linear layer, and its bias where it is there, into
/// `weights` as `as`.weight and `as`.bias.
void take_linear(nn::ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
                 const std::string& as, int outputs, int inputs);

/// The same of what must have a bias, or has none.
void take_linear(nn::ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
                 const std::string& as, int outputs, int inputs, Bias bias);

/// The same of a norm: weight and bias, `channels` each.
void take_norm(nn::ProgramBuilder& builder, nn::Custom::Weights& weights, const std::string& name,
               const std::string& as, int channels);

/// The side of the square window that a table of (2 side - 1)^2 relative positions is for.
int window_of(const ShapeReader& shapes, const std::string& table);

/// nn::swin_block() of the tensors named `name`.norm1, .attn.qkv, .attn.proj,
/// .attn.relative_position_bias_table, .norm2, .mlp.fc1 and .mlp.fc2.
nn::Value swin_layer(nn::ProgramBuilder& builder, nn::Value input, const std::string& name,
                     const nn::SwinBlock& block, std::optional<nn::Value> extra = std::nullopt);

/// The picture less the mean of DIV2K's colours, which is part of the code and not of the file,
/// times a range; and back. Pictures of other than 3 channels have no mean.
nn::Value centred(nn::ProgramBuilder& builder, nn::Value picture, double range);
nn::Value uncentred(nn::ProgramBuilder& builder, nn::Value values, double range);

/// `name` as one convolution or, where the file has `name`.0, three with LeakyReLU of 0.2 between.
nn::Value one_or_three_convolutions(nn::ProgramBuilder& builder, nn::Value input,
                                    const std::string& name);

/// How the features of these networks become a picture.
enum class Reconstruction { pixel_shuffle, pixel_shuffle_direct, nearest, none };

struct PictureEnd {
    Reconstruction kind = Reconstruction::none;
    std::vector<int> steps;  ///< factors, whose product is the enlargement
    int channels = 3;        ///< of the picture
};

/// From the names conv_before_upsample.0, upsample, conv_up1..., conv_last.
PictureEnd picture_end(const ShapeReader& shapes, int input_channels);

/// features to the picture; `none` yields what is to be added to the input.
nn::Value reconstruct(nn::ProgramBuilder& builder, nn::Value features, const PictureEnd& end);

}  // namespace sisr
