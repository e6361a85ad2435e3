#include "formats/open_model.h"

#include "formats/canonical_names.h"
#include "formats/checkpoint_names.h"
#include "formats/input_file.h"
#include "formats/model_header.h"
#include "formats/ncnn_param.h"

#include <sisr/error.h>

#include <array>
#include <string_view>
#include <utility>

namespace sisr {
namespace {

namespace fs = std::filesystem;

enum class FileKind { safetensors, pth, ncnn, onnx, unknown };

bool begins_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

/// A message of protobuf whose first field is a small version, and the second one that ONNX has.
bool is_onnx(std::string_view start) {
    constexpr std::string_view kSecondTags("\x12\x1A\x22\x28\x32\x3A\x42\x72");
    return start.size() > 2 && start[0] == 8 && start[1] > 0 && start[1] < 64 &&
           kSecondTags.find(start[2]) != std::string_view::npos;
}

FileKind kind_of(std::string_view start) {
    // The length of a JSON header, of less than 4 GB, then its brace: no pickle begins so.
    constexpr std::string_view kHighBytes("\0\0\0\0{", 5);
    if (start.size() > 8 && start.substr(4, 5) == kHighBytes) return FileKind::safetensors;
    if (begins_with(start, kNcnnMagic)) return FileKind::ncnn;
    constexpr std::size_t kTarMagic = 257;
    if (begins_with(start, "PK") || begins_with(start, "\x80") || begins_with(start, "L1195470") ||
        (start.size() > kTarMagic && begins_with(start.substr(kTarMagic), "ustar"))) {
        return FileKind::pth;
    }
    return is_onnx(start) ? FileKind::onnx : FileKind::unknown;
}

/// Files that people take for a model, and what they are.
[[noreturn]] void fail_unknown(const InputFile& file, std::string_view start) {
    struct Known {
        std::string_view start;
        const char* what;
    };
    constexpr std::array<Known, 6> kKnown{
        {{"version https://git-lfs", "is a pointer of Git LFS; the model itself was not fetched"},
         {"<!DOCTYPE", "is a web page, not a model file"},
         {"<html", "is a web page, not a model file"},
         {{"\xDD\x86\x76\x00", 4}, "is ncnn's .param in binary form; the text form is needed"},
         {"\x89HDF", "is an HDF5 file, as Keras writes them, which is not supported"},
         {"GGUF", "is a GGUF file, which is not supported"}}};
    for (const Known& known : kKnown) {
        if (begins_with(start, known.start)) {
            throw Error(ErrorKind::bad_model, file.subject(), known.what);
        }
    }
    if (file.size() == 0) throw Error(ErrorKind::bad_model, file.subject(), "is empty");
    if (fs::path(file.subject()).extension() == ".bin") {
        throw Error(ErrorKind::bad_model, file.subject(),
                    "is no model file that is known by itself (ncnn's needs its .param beside it)");
    }
    throw Error(ErrorKind::bad_model, file.subject(),
                "is no model file of a kind that is known, or is truncated");
}

/// What a .bin of ncnn is can be told by its .param alone.
bool has_param(const fs::path& bin) {
    if (bin.extension() != ".bin") return false;
    fs::path param = bin;
    param.replace_extension(".param");
    std::error_code status;
    if (!fs::is_regular_file(param, status)) return false;
    return begins_with(InputFile(param).read_some(0, kNcnnMagic.size()), kNcnnMagic);
}

/// safetensors' names have no dictionaries round them.
StoredModel with_canonical_names(StoredModel model) {
    std::vector<TensorPath> paths;
    std::vector<StoredTensor> tensors;
    for (auto& [name, tensor] : model.tensors) {
        paths.push_back({name});
        tensors.push_back(std::move(tensor));
    }
    model.tensors.clear();
    for (const auto& [name, index] : canonical_names(paths)) model.tensors[name] = tensors[index];
    return model;
}

}  // namespace

StoredModel open_model(const fs::path& path) {
    std::string start;
    {
        const InputFile file(path);
        start = file.read_some(0, 512);
        if (kind_of(start) == FileKind::unknown && !has_param(path)) fail_unknown(file, start);
    }
    switch (kind_of(start)) {
        case FileKind::safetensors: {
            StoredModel model = open_safetensors(path);
            keep_averaged(model.tensors, model.metadata);
            return with_canonical_names(std::move(model));
        }
        case FileKind::pth: return open_pth(path);
        case FileKind::onnx: return open_onnx(path);
        case FileKind::ncnn:
        case FileKind::unknown: break;
    }
    return open_ncnn(path);
}

ModelHeader read_model_header(const fs::path& file) {
    StoredModel model = open_model(file);
    ModelHeader header;
    header.metadata = std::move(model.metadata);
    for (auto& [name, tensor] : model.tensors) {
        header.types[name] = tensor.type;
        header.shapes[name] = std::move(tensor.shape);
    }
    return header;
}

}  // namespace sisr
