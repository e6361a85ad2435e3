/// Model files of every kind, opened: their headers are read, their weights are not. Torch-free.
#pragma once

#include "formats/stored_model.h"

#include <filesystem>

namespace sisr {

/// Any model file, told by its content and not by its name; of ncnn's pair either. Tensors by their
/// canonical names (canonical_names.h). Throws Error{not_found, io, bad_model} about the file
/// (about the other of a pair where that is at fault).
StoredModel open_model(const std::filesystem::path& file);

/// safetensors: names as they are.
StoredModel open_safetensors(const std::filesystem::path& file);

/// PyTorch's zip form (1.6 and later) and the one before it, of which only the pickles are read;
/// canonical names.
StoredModel open_pth(const std::filesystem::path& file);

/// ncnn: the .param, and the places in the .bin beside it. Weights are called by their layers:
/// "Conv_0.weight" [O,I/groups,kh,kw], "Conv_0.bias", "PRelu_1.weight", "Data_2.data"... Metadata:
/// "format" is "ncnn", "ncnn.param" the text of the .param.
StoredModel open_ncnn(const std::filesystem::path& param_or_bin);

/// ONNX: initializers and constants by their names, where they lie in the file. Metadata: "format"
/// is "onnx", "onnx.graph" the list of nodes (onnx_graph.h), and what the file's author wrote.
StoredModel open_onnx(const std::filesystem::path& file);

}  // namespace sisr
