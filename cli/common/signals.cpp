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
    sigaction(SIGINT, &action, &previous_interrupt_);
    sigaction(SIGTERM, &action, &previous_terminate_);
}

StopSignals::~StopSignals() {
    sigaction(SIGINT, &previous_interrupt_, nullptr);
    sigaction(SIGTERM, &previous_terminate_, nullptr);
}

bool StopSignals::requested() const { return stop_requested != 0; }

}  // namespace sisr::cli
