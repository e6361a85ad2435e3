#include "common/process_start.h"

#include "base/numbers.h"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>

namespace sisr::cli {
namespace {

/// Field 22 of /proc/self/stat: clock ticks after the system's start.
std::optional<double> ticks_at_start() {
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // The second field is the program's name in brackets, which may hold anything.
    std::string_view rest(line);
    rest.remove_prefix(std::min(rest.rfind(')') + 1, rest.size()));
    constexpr int kFieldsBetween = 20;  // with the space before the first of them
    for (int i = 0; i < kFieldsBetween; ++i) {
        const auto space = rest.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(space + 1);
    }
    return take_number<double>(rest);
}

}  // namespace

std::chrono::steady_clock::time_point process_start() {
    const auto now = std::chrono::steady_clock::now();
    const auto ticks = ticks_at_start();
    timespec up{};
    if (!ticks || ::clock_gettime(CLOCK_BOOTTIME, &up) != 0) return now;
    const double age = static_cast<double>(up.tv_sec) + 1e-9 * static_cast<double>(up.tv_nsec) -
                       *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    if (!(age > 0)) return now;
    return now - std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                     std::chrono::duration<double>(age));
}

}  // namespace sisr::cli
