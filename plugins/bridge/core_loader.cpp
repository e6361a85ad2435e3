#include "core_loader.h"

#include "address_space.h"

#include "base/own_file.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <vector>

namespace sisr::bridge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "libsisr.so.0";

// From PREFIX/lib/gimp/3.0/plug-ins/NAME to PREFIX/lib; GEGL's folders are nearer.
constexpr int kLevelsUp = 4;

// Where memory runs out (ulimit) while the libraries below ours start, they end the process or wait
// for ever, so they are not started. They map 500 MB, and the stacks of their threads come to that.
constexpr std::size_t kLoadBytes = std::size_t{1} << 30;

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// The folder of the module or program that this code is linked into.
fs::path module_folder() {
    return file_of_code(reinterpret_cast<const void*>(&load_core)).parent_path();
}

/// `folder` may be PREFIX, PREFIX/lib, or a folder in it.
void add_library_folders(const fs::path& folder, std::vector<fs::path>& folders) {
    folders.push_back(folder);
    folders.push_back(folder / SISR_TRIPLET);
    folders.push_back(folder / "lib");
    folders.push_back(folder / "lib" / SISR_TRIPLET);
}

std::vector<fs::path> candidates(const fs::path& module) {
    std::vector<fs::path> folders;
    fs::path folder = module;
    for (int level = 0; level < kLevelsUp && folder.has_relative_path(); ++level) {
        folder = folder.parent_path();
        add_library_folders(folder, folders);
    }
    if (const auto home = environment("HOME"); !home.empty()) {
        folders.push_back(fs::path(home) / ".local/lib");
    }
    folders.emplace_back(SISR_INSTALL_LIBDIR);
    return folders;
}

void* open_library(const std::string& file, std::string& reason) {
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
        const char* error = dlerror();
        reason = error == nullptr ? file + ": cannot be loaded" : error;
    }
    return handle;
}

void* find_library(std::string& reason) {
    if (!has_address_space(kLoadBytes)) {
        reason = std::string(kLibrary) + ": not enough memory to load it (it takes 1 GB)";
        return nullptr;
    }
    if (const auto named = environment("SISR_LIBRARY"); !named.empty()) {
        return open_library(named, reason);
    }
    const fs::path module = module_folder();
    for (const fs::path& folder : candidates(module)) {
        std::error_code status;
        const fs::path file = folder / kLibrary;
        // A library that is there but does not load is the answer; another one must not hide it.
        if (fs::exists(file, status)) return open_library(file.string(), reason);
    }
    if (void* handle = open_library(kLibrary, reason)) return handle;
    reason = std::string(kLibrary) + " was not found near " + module.string() +
             ", in ~/.local/lib or in " SISR_INSTALL_LIBDIR ", nor by the loader (" + reason +
             "); is SISR installed?";
    return nullptr;
}

template <class Function>
bool bind(void* handle, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
}

/// The version comes first: with another one nothing else may be called.
bool bind_all(void* handle, Core& core, std::string& reason) {
    const bool versioned = bind(handle, "sisr_abi_version", core.abi_version);
    if (!versioned || core.abi_version() != SISR_ABI_VERSION) {
        reason = std::string(kLibrary) + " is of another version than this plug-in; install both " +
                 "from one release";
        return false;
    }
    const bool complete = bind(handle, "sisr_upscaler_create", core.upscaler_create) &&
                          bind(handle, "sisr_upscaler_output_shape", core.upscaler_output_shape) &&
                          bind(handle, "sisr_upscaler_run", core.upscaler_run) &&
                          bind(handle, "sisr_upscaler_judge", core.upscaler_judge) &&
                          bind(handle, "sisr_upscaler_destroy", core.upscaler_destroy) &&
                          bind(handle, "sisr_visit_models", core.visit_models) &&
                          bind(handle, "sisr_find_model", core.find_model) &&
                          bind(handle, "sisr_string_free", core.string_free);
    if (!complete) reason = std::string(kLibrary) + " is older than this plug-in";
    return complete;
}

}  // namespace

const Core* load_core(std::string& reason) {
    static std::mutex mutex;
    static Core core;
    static bool is_loaded = false;
    const std::lock_guard<std::mutex> lock(mutex);
    if (is_loaded) return &core;
    void* handle = find_library(reason);
    if (handle == nullptr || !bind_all(handle, core, reason)) return nullptr;
    is_loaded = true;
    return &core;
}

}  // namespace sisr::bridge
