/// How much memory the machine has.
#pragma once

#include <unistd.h>

#include <cstddef>

namespace sisr {

/// Bytes, those in use included.
inline std::size_t machine_memory() {
    return static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) *
           static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace sisr
