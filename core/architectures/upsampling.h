/// What several of the published networks do alike at their ends.
#pragma once

#include "architectures/shape_reader.h"

#include <vector>

namespace sisr {

/// The factors of convolutions `prefix`0, `prefix`2, ... each of which a PixelShuffle follows that
/// leaves `channels`.
std::vector<int> shuffle_steps(const ShapeReader& shapes, const std::string& prefix, int channels);

nn::Value enlarge_by_steps(nn::ProgramBuilder& builder, nn::Value features,
                           const std::string& prefix, const std::vector<int>& steps);

int product(const std::vector<int>& steps);

/// Networks of the EDSR family compute with values up to 255, less the mean of DIV2K's colours:
/// by BasicSR part of the code and not of the file, by the authors convolutions of the file
/// ("sub_mean", "add_mean"; one without them computes with values up to 1). input: 0 to 1.
nn::Value without_mean(nn::ProgramBuilder& builder, nn::Value input, bool is_basicsr);
nn::Value with_mean(nn::ProgramBuilder& builder, nn::Value values, bool is_basicsr);

/// Times a number for all channels.
nn::Value times(nn::ProgramBuilder& builder, nn::Value input, double factor);

/// (tanh + 1) / 2: SRGAN's way from the last convolution to a picture.
nn::Value squashed(nn::ProgramBuilder& builder, nn::Value input);

/// Enlargement by learned places (Liu et al. 2023, "Learning to Upsample by Learning to Sample"):
/// `name`.offset and .scope say where each pixel is taken from, bilinearly, with the border's
/// pixels beyond it; `name`.end_conv, where it is there, makes the picture.
nn::Value sample_enlarged(nn::ProgramBuilder& builder, nn::Value features, const std::string& name,
                          int factor);

}  // namespace sisr
