/// What an architecture is to the rest: sizes from a file's header, a program from its tensors.
#pragma once

#include "formats/tensors.h"
#include "nn/program.h"

#include <optional>
#include <string>

namespace sisr {

/// How far a picture that is computed in tiles equals the whole one.
enum class Exactness {
    exact,       ///< local layers only
    approximate  ///< some statistics are of a tile: overlap and blend
};

/// Sizes of one model, from names and shapes alone.
struct Spec {
    int scale = 1;
    int input_channels = 3;
    int output_channels = 3;
    int min_size = 1;
    Exactness exactness = Exactness::exact;
    bool is_bf16_safe = true;  ///< within 2/255 of fp32, as measured
    std::string words;         ///< "23 blocks of 64 channels", for people
};

struct Built {
    nn::Program program;
    std::vector<std::string> unused;  ///< names of tensors that it has no use for
};

struct Architecture {
    const char* id;    ///< "esrgan"
    const char* name;  ///< as people read it: "ESRGAN (RRDBNet)"
    /// None where the names are another's. Throws Error{bad_model} about "model" where the names
    /// are its own and the shapes cannot be.
    std::optional<Spec> (*read)(const Shapes& shapes, const Metadata& metadata);
    /// The layers, of tensors that read() took. Throws Error{bad_model} about "model", which names
    /// the tensor that is missing, of the wrong shape or not finite.
    Built (*build)(const Tensors& tensors, const Metadata& metadata);
};

}  // namespace sisr
