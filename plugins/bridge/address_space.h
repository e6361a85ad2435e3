/// Whether memory is left, for code below or around us that ends the process where there is none.
#pragma once

#include <cstddef>
#include <sys/mman.h>

namespace sisr::bridge {

/// Whether that much could be mapped now (ulimit -v, or a full machine that does not overcommit).
inline bool has_address_space(std::size_t bytes) {
    void* memory =
        mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    munmap(memory, bytes);
    return true;
}

}  // namespace sisr::bridge
