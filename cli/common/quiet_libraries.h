/// Keeps the libraries below us off the terminal.
#pragma once

#include <cstdio>

namespace sisr::cli {

/// While alive, what libraries print through C's stderr goes nowhere: libpng tells each damaged
/// file a second time, in a line that names none. Writing to the stream that was stderr before, and
/// to descriptor 2, goes on, so sanitizers and the loader are heard. At most one may be alive.
class QuietLibraries {
public:
    explicit QuietLibraries([[maybe_unused]] bool enabled) {
#ifdef __GLIBC__  // where the stream is documented to be a variable
        if (enabled) nowhere_ = std::fopen("/dev/null", "w");
        if (nowhere_ != nullptr) stderr = nowhere_;
#endif
    }
    ~QuietLibraries() {
        if (nowhere_ == nullptr) return;
#ifdef __GLIBC__
        stderr = previous_;
#endif
        std::fclose(nowhere_);
    }
    QuietLibraries(const QuietLibraries&) = delete;
    QuietLibraries& operator=(const QuietLibraries&) = delete;

private:
    std::FILE* previous_ = stderr;
    std::FILE* nowhere_ = nullptr;
};

}  // namespace sisr::cli
