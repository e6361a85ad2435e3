/// Public test sets that are not part of the project.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

namespace sisr::test {

/// The folder that holds testsets/: $SISR_TEST_DATA, or ../shared/data beside the sources.
inline std::filesystem::path shared_data() {
    const char* given = std::getenv("SISR_TEST_DATA");
    if (given != nullptr) return given;
    return std::filesystem::path(SISR_SOURCE_DIR).parent_path() / "shared/data";
}

}  // namespace sisr::test

#define SISR_SKIP_WITHOUT(path)                                     \
    if (!std::filesystem::exists(path)) {                           \
        GTEST_SKIP() << (path).string()                             \
                     << " is not there; set SISR_TEST_DATA to the " \
                        "folder that holds testsets/";              \
    }
