/// Where the code that runs was loaded from.
#pragma once

#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <system_error>

namespace sisr {

/// The library or program that holds the function at `address`, without symbolic links; empty when
/// it cannot be told.
inline std::filesystem::path file_of_code(const void* address) {
    Dl_info info{};
    link_map* map = nullptr;
    if (dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0) return {};
    // A program's name is what it was called by, which for one found by $PATH is no path.
    const bool is_program = map == nullptr || map->l_name == nullptr || *map->l_name == '\0';
    std::error_code status;
    return std::filesystem::canonical(is_program ? "/proc/self/exe" : info.dli_fname, status);
}

}  // namespace sisr
