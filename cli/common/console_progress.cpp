#include "common/console_progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
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

/// Bytes of the UTF-8 character that the text begins with; 0 when that is a control character or
/// no valid UTF-8.
std::size_t character_length(std::string_view text) {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
    if (first < 0xC2 || first > 0xF4) return 0;
    const bool is_control = first == 0xC2 && second < 0xA0;
    const bool is_overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    if (is_control || is_overlong) return 0;
    const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) return 0;
    }
    return length;
}

/// As much of a printable line as surely fits; a line that wraps could not be erased again.
std::string fit_line(const std::string& line, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t used = 0; end < line.size();) {
        const std::size_t length = character_length(std::string_view(line).substr(end));
        used += length > 2 ? 2 : 1;  // beyond the Latin scripts a character may be two columns wide
        if (used > columns) break;
        end += length;
    }
    return line.substr(0, end);
}

}  // namespace

std::string format_duration(double seconds) {
    const long total = std::max(0L, std::lround(seconds));
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
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(std::string_view(text).substr(at));
        if (length > 0) {
            result += text.substr(at, length);
        } else if (text[at] == '\n') {
            result += "\\n";
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                          static_cast<unsigned>(static_cast<unsigned char>(text[at])));
            result += escaped.data();
        }
        at += std::max<std::size_t>(length, 1);
    }
    return result;
}

ConsoleProgress::ConsoleProgress(bool enabled)
    : is_terminal_(enabled && ::isatty(STDERR_FILENO) == 1) {}

ConsoleProgress::~ConsoleProgress() { clear(); }

void ConsoleProgress::clear() {
    if (visible_) std::fputs("\r\033[K", stream_);
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
    const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, ' ');
    const std::string percent = std::to_string(static_cast<int>(100 * fraction));
    const std::string line = "[" + bar + "] " + percent + " %  ETA " + eta + "  " + printable(text);
    std::fprintf(stream_, "\r\033[K%s", fit_line(line, terminal_width() - 1).c_str());
    std::fflush(stream_);
    visible_ = true;
}

void ConsoleProgress::print_line(const std::string& line) {
    clear();
    std::fprintf(stream_, "%s\n", printable(line).c_str());
}

void PercentLines::update(double fraction) {
    constexpr double kRounding = 1e-6;  // of the sum of many parts
    const int percent = static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0) + kRounding);
    if (!enabled_ || percent <= last_) return;
    last_ = percent;
    std::printf("percent %d\n", percent);
    std::fflush(stdout);
}

}  // namespace sisr::cli
