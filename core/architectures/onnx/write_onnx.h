/// Programs as ONNX files, for other tools: operator set 13, float32, any height and width.
#pragma once

#include "formats/shapes.h"
#include "nn/program.h"

#include <filesystem>

namespace sisr {

/// input [batch, C, height, width] to output [batch, C, scale*height, scale*width]; sides must be
/// multiples of alignment(program). words: what the file says of the model. Throws
/// Error{unsupported} about the file for layers that ONNX has no nodes for (attention), Error{io}.
void write_onnx(const std::filesystem::path& file, const nn::Program& program,
                const Metadata& words);

}  // namespace sisr
