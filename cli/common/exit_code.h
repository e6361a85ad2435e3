/// What the commands return to the shell.
#pragma once

namespace sisr::cli {

enum class ExitCode {
    done = 0,           ///< everything was done, or was done before
    some_failed = 1,    ///< some files failed; the others are done
    usage = 2,          ///< wrong usage, or nothing to do
    interrupted = 130,  ///< a signal asked to stop; what was finished stays
};

inline int to_int(ExitCode code) { return static_cast<int>(code); }

}  // namespace sisr::cli
