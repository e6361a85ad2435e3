#include "common/signals.h"

#include "common/exit_code.h"

#include <unistd.h>

namespace sisr::cli {
namespace {

// A signal handler has nothing but globals to write to.
volatile std::sig_atomic_t stop_requested = 0;

void on_signal(int /*signal*/) {
    if (stop_requested != 0) ::_exit(to_int(ExitCode::interrupted));
    stop_requested = 1;
}

}  // namespace

StopSignals::StopSignals() {
    stop_requested = 0;
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;  // a read in progress goes on; we stop between tiles
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        sigaction(kSignals[i], &action, &previous_[i]);
        // nohup's wish.
        const bool is_ignored = previous_[i].sa_handler == SIG_IGN;
        if (kSignals[i] == SIGHUP && is_ignored) sigaction(SIGHUP, &previous_[i], nullptr);
    }
}

StopSignals::~StopSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        sigaction(kSignals[i], &previous_[i], nullptr);
    }
}

bool StopSignals::requested() const { return stop_requested != 0; }

}  // namespace sisr::cli
