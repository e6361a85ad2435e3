/// Independent programs that look at what we have written.
#pragma once

#include "run_command.h"

#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

namespace sisr::test {

/// The program's path, empty when it is not installed.
inline std::string find_tool(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        const std::string file = folder + "/" + name;
        if (::access(file.c_str(), X_OK) == 0) return file;
    }
    return "";
}

/// What a program prints; it must succeed.
inline std::string run_tool(const std::vector<std::string>& words) {
    std::vector<std::string> command = words;
    command[0] = find_tool(words[0]);
    // What they say and do must not hang on the locale that our own program is tried in.
    CommandOptions options;
    options.environment = {{"LC_ALL", "C.UTF-8"}};
    const CommandResult result = run_command(command, options);
    EXPECT_EQ(result.exit_code, 0) << words[0] << " " << words.back() << ": " << result.err;
    return result.out;
}

}  // namespace sisr::test

#define SISR_SKIP_WITHOUT_TOOL(name)                   \
    if (sisr::test::find_tool(name).empty()) {         \
        GTEST_SKIP() << (name) << " is not installed"; \
    }
