/// Runs a fuzz target without libFuzzer, whatever the compiler.
#pragma once

#include <filesystem>
#include <functional>

namespace sisr::test {

struct FuzzTarget {
    /// Puts good files into an empty folder, from which damaged ones are made.
    std::function<void(const std::filesystem::path& folder)> write_seeds;
    /// An error is what damaged files deserve, and stays in here; a crash, a hang or a finding of a
    /// sanitizer is a fault.
    std::function<void(const std::filesystem::path& file)> read;
};

/// What main() returns, for the arguments
///   COUNT [FIRST-SEED]   reads damaged copies of the good files, as many as asked for
///   FILE|FOLDER...       reads files that are named
/// Each file is read in a process of its own, so that a fault names its file.
int run_plainly(int argc, char** argv, const FuzzTarget& target);

}  // namespace sisr::test
