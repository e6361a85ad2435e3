/// How a command's memory is handed out.
#pragma once

#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace sisr::cli {

/// Layers allocate and free the same few megabytes thousands of times. By default glibc gives such
/// blocks back to the system each time, and the page faults of getting them again cost a tenth of a
/// training step and more. Only a program may choose this, never the library: it is the host's
/// memory.
inline void keep_freed_memory() {
#ifdef __GLIBC__
    constexpr int kLargestKept = 16 << 20;  // larger ones would leave holes
    mallopt(M_MMAP_THRESHOLD, kLargestKept);
    mallopt(M_TRIM_THRESHOLD, 48 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
    mallopt(M_ARENA_MAX, 1);  // the other arenas give back whole heaps all the same
#endif
}

/// The same without limits, for training: every step takes the same blocks, some of tens of
/// megabytes, and what is kept is soon used again.
inline void keep_all_freed_memory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
    mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace sisr::cli
