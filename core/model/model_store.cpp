#include "base/ascii.h"
#include "base/own_file.h"
#include "model/published.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

namespace sisr {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".safetensors";
constexpr const char* kShareFolder = "share/sisr/models";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// The installation prefix is some folders above the library or the program that this code is
/// linked into: lib/, lib/TRIPLET/ or bin/.
std::vector<fs::path> folders_beside_library() {
    std::vector<fs::path> folders;
    fs::path folder =
        file_of_code(reinterpret_cast<const void*>(&folders_beside_library)).parent_path();
    for (int level = 0; level < 3 && folder.has_relative_path(); ++level) {
        folder = folder.parent_path();
        folders.push_back(folder / kShareFolder);
    }
    return folders;
}

std::vector<fs::path> search_folders() {
    std::vector<fs::path> folders;
    std::istringstream listed(environment("SISR_MODEL_PATH"));
    for (std::string folder; std::getline(listed, folder, ':');) {
        if (!folder.empty()) folders.emplace_back(folder);
    }
    if (const auto data = environment("XDG_DATA_HOME"); !data.empty()) {
        folders.push_back(fs::path(data) / "sisr/models");
    } else if (const auto home = environment("HOME"); !home.empty()) {
        folders.push_back(fs::path(home) / ".local" / kShareFolder);
    }
    for (auto& folder : folders_beside_library()) folders.push_back(std::move(folder));
    return folders;
}

/// A model by its name alone: of ncnn's pair the .param.
bool is_installed_kind(const fs::path& file) {
    const std::string extension = lower_extension(file);
    return extension == kExtension || extension == ".pth" || extension == ".pt" ||
           extension == ".param" || extension == ".onnx";
}

/// File stem to path; the first folder that has a name wins.
std::map<std::string, fs::path> installed_models() {
    std::map<std::string, fs::path> models;
    for (const fs::path& folder : search_folders()) {
        std::error_code status;
        for (const auto& entry : fs::directory_iterator(folder, status)) {
            if (is_installed_kind(entry.path())) {
                models.emplace(entry.path().stem().string(), entry.path());
            }
        }
    }
    return models;
}

/// "fidelity-x4" is member 4 of "fidelity"; 0 for any other name.
int scale_in_family(const std::string& name, const std::string& family) {
    const std::string prefix = family + "-x";
    if (name.compare(0, prefix.size(), prefix) != 0) return 0;
    const std::string digits = name.substr(prefix.size());
    return digits.size() == 1 && digits[0] >= '1' && digits[0] <= '8' ? digits[0] - '0' : 0;
}

fs::path choose_member(const std::map<std::string, fs::path>& models, const std::string& family,
                       double scale) {
    std::map<int, fs::path> members;
    for (const auto& [name, path] : models) {
        if (const int native = scale_in_family(name, family); native > 0) members[native] = path;
    }
    if (members.empty()) return {};
    const auto enough = std::find_if(members.begin(), members.end(), [scale](const auto& member) {
        return scale > 0 && member.first >= scale;
    });
    return enough == members.end() ? members.rbegin()->second : enough->second;
}

/// Of files that hold models, ours and others' programs'.
bool has_model_extension(const std::string& name) {
    const std::string extension = lower_extension(name);
    for (const char* known :
         {kExtension, ".pth", ".pt", ".ckpt", ".param", ".bin", ".onnx", ".h5"}) {
        if (extension == known) return true;
    }
    return false;
}

bool looks_like_file(const std::string& name) {
    return name.find('/') != std::string::npos || has_model_extension(name);
}

/// Of a training run's folder: the model of its best validation, else its newest; else nothing.
fs::path model_of_run(const fs::path& folder) {
    std::error_code status;
    if (!fs::is_directory(folder, status)) return {};
    for (const char* name : {"best.safetensors", "model.safetensors"}) {
        if (fs::is_regular_file(folder / name, status)) return folder / name;
    }
    return {};
}

[[noreturn]] void fail_unknown(const std::string& name,
                               const std::map<std::string, fs::path>& models) {
    std::string known;
    for (const auto& item : models) known += (known.empty() ? "" : ", ") + item.first;
    throw Error(ErrorKind::not_found, name,
                known.empty() ? "unknown model (none is installed)"
                              : "unknown model (there are: " + known + ")");
}

}  // namespace

fs::path find_model_file(const std::string& name_or_path, double scale) {
    if (const fs::path of_run = model_of_run(name_or_path); !of_run.empty()) return of_run;
    if (looks_like_file(name_or_path)) return name_or_path;
    const auto models = installed_models();
    const auto exact = models.find(name_or_path);
    const fs::path file =
        exact != models.end() ? exact->second : choose_member(models, name_or_path, scale);
    std::error_code status;
    if (file.empty() && fs::is_regular_file(name_or_path, status)) return name_or_path;
    if (file.empty()) fail_unknown(name_or_path, models);
    return file;
}

Model find_model(const std::string& name_or_path, double scale) {
    return Model::load(find_model_file(name_or_path, scale));
}

std::vector<ModelInfo> list_models() {
    std::vector<ModelInfo> infos;
    for (const auto& item : installed_models()) {
        try {
            infos.push_back(describe_model(item.second));
            // Which it is found by, whatever the file calls itself.
            infos.back().name = item.first;
        } catch (const Error&) {
            continue;  // a damaged file must not hide the others; using it by name tells the reason
        }
    }
    return infos;
}

std::string default_model_name() {
    const auto models = installed_models();
    const char* kPreferred = "photo";
    return choose_member(models, kPreferred, 0).empty() ? "fidelity" : kPreferred;
}

}  // namespace sisr
