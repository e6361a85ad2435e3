/// What asks us to stop (Ctrl-C, SIGTERM, a closed terminal, the end of our processor time) as a
/// question: has it been asked?
#pragma once

#include <array>
#include <csignal>

namespace sisr::cli {

/// While alive, the first signal is only remembered; a second one ends the process with 130.
/// At most one may be alive.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    bool requested() const;

private:
    static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGXCPU};
    std::array<struct sigaction, kSignals.size()> previous_{};
};

/// A file that may not grow further is a failure to write it, not the end of the program.
inline void let_large_files_fail() { std::signal(SIGXFSZ, SIG_IGN); }

}  // namespace sisr::cli
