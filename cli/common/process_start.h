/// When this process was started, for times that users compare with their own watch.
#pragma once

#include <chrono>

namespace sisr::cli {

/// By the system's account, which also counts the loading of libraries; now, where there is none.
std::chrono::steady_clock::time_point process_start();

}  // namespace sisr::cli
