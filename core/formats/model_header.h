/// What a model file is, without its weights. Torch-free.
#pragma once

#include "formats/shapes.h"
#include "formats/tensor_type.h"

#include <filesystem>
#include <map>
#include <string>

namespace sisr {

struct ModelHeader {
    Shapes shapes;  ///< by the names that read_model_file gives
    std::map<std::string, TensorType> types;
    Metadata metadata;
};

/// Of a model file of any kind that open_model() knows. Reads headers only: of safetensors the
/// JSON, of .pth the pickles, of ncnn the .param and the marks in the .bin. Throws as open_model()
/// does.
ModelHeader read_model_header(const std::filesystem::path& file);

}  // namespace sisr
