/// What a .param tells of sizes, without weights.
#pragma once

#include "formats/ncnn_param.h"

#include <string>
#include <vector>

namespace sisr::ncnn {

/// Of a blob: channels, and rows for each of the network's input, times / over.
struct BlobSize {
    int channels = 0;
    int times = 1;
    int over = 1;
};

/// Colour channels of the input: as its layer says, or as the first convolution takes; 3 where
/// neither tells.
int input_channels(const std::vector<NcnnLayer>& layers);

/// The blob that no layer takes. Throws Error{bad_model} about "model" where there is none or there
/// are several, none of which is called "output" or "out0".
std::string output_blob(const std::vector<NcnnLayer>& layers);

/// Of the output, as the layers tell it. Throws Error{bad_model} about "model" where they do not.
BlobSize output_size(const std::vector<NcnnLayer>& layers);

/// Channels [first, first + count) that each output of a Slice or Crop takes.
struct ChannelRange {
    int first = 0;
    int count = 0;
};

/// Throws Error{bad_model} about "model" for what cuts otherwise than by channels.
std::vector<ChannelRange> channel_ranges(const NcnnLayer& layer, int channels);

/// How much an Interp enlarges. Throws Error{bad_model} about "model" for what is no whole factor.
int enlargement(const NcnnLayer& layer);

/// Throws Error{bad_model} about "model", with the layer's type and name.
[[noreturn]] void refuse(const NcnnLayer& layer, const std::string& reason);

}  // namespace sisr::ncnn
