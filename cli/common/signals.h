/// SIGINT and SIGTERM as a question: has somebody asked us to stop?
#pragma once

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
    struct sigaction previous_interrupt_ {};
    struct sigaction previous_terminate_ {};
};

}  // namespace sisr::cli
