/// Super-resolution models: files that hold a network's weights and say what they are for.
#pragma once

#include <sisr/export.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sisr {

struct ModelInfo {
    std::string name;          ///< as in `--model`, for example "fidelity-x4"
    std::string architecture;  ///< for example "srresnet"
    std::string licence;
    std::string trained_for;  ///< one sentence: which pictures it is meant for
    std::filesystem::path path;
    int scale = 1;               ///< output pixels per input pixel, each way
    int colour_channels = 3;     ///< 1, 3, or 4: colour with its mask
    int radius = 0;              ///< receptive field: input pixels each way round a pixel
    int min_size = 1;            ///< least width and height that the network takes
    std::size_t parameters = 0;  ///< learned values, after batch norm is folded
    std::string sizes;           ///< "23 blocks of 64 channels"
    /// A picture in tiles is the whole picture's; else some statistics are of the tile.
    bool is_exact = true;
    /// The strength can be chosen: the file holds the weights of both stages, or the model is
    /// another's, whose result is mixed with the input's own enlargement.
    bool has_strength = false;
    bool locks_colour = false;    ///< by default; its training may shift brightness and hue
    double default_strength = 1;  ///< 0: fidelity (stage 1), 1: detail (stage 2)
};

/// An immutable model, cheap to copy; safe to share between threads.
class SISR_API Model {
public:
    /// Reads a safetensors file, PyTorch's .pth, ncnn's .param with its .bin, or ONNX. Executes
    /// nothing of it. Throws Error{not_found, io, bad_model, unsupported}.
    static Model load(const std::filesystem::path& file);

    const ModelInfo& info() const;

    struct Impl;
    const Impl& impl() const { return *impl_; }

    explicit Model(std::shared_ptr<const Impl> impl);

private:
    std::shared_ptr<const Impl> impl_;
};

/// Loads a model by file name, by the folder of a training run (that of its best validation, else
/// its newest), or by the name of an installed one. A family name ("fidelity") means
/// its member with the least native scale at or above `scale`, else the largest; scale 0 means
/// the largest. Throws Error{not_found} that lists the names there are.
SISR_API Model find_model(const std::string& name_or_path, double scale = 0);

/// The file that find_model() would load. Throws as it does.
SISR_API std::filesystem::path find_model_file(const std::string& name_or_path, double scale = 0);

/// The installed models by name. Folders, first match wins: $SISR_MODEL_PATH (colon-separated),
/// $XDG_DATA_HOME/sisr/models, share/sisr/models beside the library. Damaged files are left out.
SISR_API std::vector<ModelInfo> list_models();

/// Multiply-adds of a model's network for each pixel of its input, from the file's header alone; 0
/// where that does not tell. Throws as Model::load().
SISR_API std::size_t count_multiply_adds(const std::filesystem::path& file);

/// The family that is used when none is named.
SISR_API std::string default_model_name();

}  // namespace sisr
