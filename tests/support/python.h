/// Files made by Python's image libraries: what users have, and a truth to compare with.
#pragma once

#include "run_command.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>

namespace sisr::test {

/// Debian's own, which sees Debian's packages.
inline const char* python() { return "/usr/bin/python3"; }

inline bool has_python_module(const std::string& name) {
    return std::filesystem::exists(python()) &&
           run_command({python(), "-c", "import " + name}).exit_code == 0;
}

/// Runs a script in a folder; it must succeed.
inline void run_python(const std::filesystem::path& folder, const std::string& script) {
    const CommandResult result =
        run_command({python(), "-c", "import os; os.chdir('" + folder.string() + "')\n" + script});
    EXPECT_EQ(result.exit_code, 0) << result.err;
}

}  // namespace sisr::test

#define SISR_SKIP_WITHOUT_PYTHON(module)                          \
    if (!sisr::test::has_python_module(module)) {                 \
        GTEST_SKIP() << "Python's " << (module) << " is missing"; \
    }
