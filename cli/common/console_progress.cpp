#include "common/console_progress.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sisr::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr int kBarWidth = 24;

std::size_t terminal_width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

std::string format_duration(double seconds) {
    const long total = std::max(0L, static_cast<long>(seconds + 0.5));
    std::array<char, 64> text{};
    if (total >= 3600) {
        std::snprintf(text.data(), text.size(), "%ld:%02ld:%02ld", total / 3600, total / 60 % 60,
                      total % 60);
    } else {
        std::snprintf(text.data(), text.size(), "%ld:%02ld", total / 60, total % 60);
    }
    return text.data();
}

std::string printable(const std::string& text) {
    std::string result;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F) {
            result += c;
        } else if (c == '\n') {
            result += "\\n";
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
            result += escaped.data();
        }
    }
    return result;
}

ConsoleProgress::ConsoleProgress(bool enabled)
    : is_terminal_(enabled && ::isatty(STDERR_FILENO) == 1) {}

ConsoleProgress::~ConsoleProgress() { clear(); }

void ConsoleProgress::clear() {
    if (visible_) std::fputs("\r\033[K", stderr);
    visible_ = false;
}

void ConsoleProgress::update(double fraction, double skipped, const std::string& text) {
    const auto now = Clock::now();
    if (!is_terminal_ || now - last_draw_ < kRedraw) return;
    last_draw_ = now;
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double worked = fraction - skipped;
    const std::string eta =
        worked > 1e-6 ? format_duration(elapsed * (1 - fraction) / worked) : "-:--";
    const auto filled = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
    std::string line = "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] " +
                       std::to_string(static_cast<int>(100 * fraction)) + " %  ETA " + eta + "  " +
                       printable(text);
    line = line.substr(0, terminal_width() - 1);
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    std::fflush(stderr);
    visible_ = true;
}

void ConsoleProgress::print_line(const std::string& line) {
    clear();
    std::fprintf(stderr, "%s\n", printable(line).c_str());
}

}  // namespace sisr::cli
