/// What is still said and saved when a library ends the process.
#pragma once

#include <functional>
#include <string>

namespace sisr::cli {

/// While alive, exit(), abort(), std::terminate() and a fault of memory in a library below us first
/// call `tell` with a reason such as "a library ended the program", in the thread that it happened
/// in; then the process ends with ExitCode::some_failed. What `tell` needs more than some seconds
/// for is cut off. At most one may be alive. Linked into a program, this also makes one line of
/// what its libraries fail with before main() is reached.
class LastWords {
public:
    explicit LastWords(std::function<void(const std::string& reason)> tell);
    ~LastWords();
    LastWords(const LastWords&) = delete;
    LastWords& operator=(const LastWords&) = delete;
};

}  // namespace sisr::cli
