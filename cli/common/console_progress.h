/// One line of progress on a terminal.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace sisr::cli {

/// Draws "[#####     ]  42 %  ETA 1:02:03  text" on stderr, at most ten times a second, and only
/// where stderr is a terminal. Other lines must be printed through it, so that they do not mix.
class ConsoleProgress {
public:
    explicit ConsoleProgress(bool enabled);
    ~ConsoleProgress();
    ConsoleProgress(const ConsoleProgress&) = delete;
    ConsoleProgress& operator=(const ConsoleProgress&) = delete;

    /// fraction: of all work, 0 to 1. skipped: the part of it that took no time, for the ETA.
    void update(double fraction, double skipped, const std::string& text);

    /// Prints a whole line on stderr above the bar.
    void print_line(const std::string& line);

    bool is_drawn() const { return is_terminal_; }

private:
    void clear();

    using Clock = std::chrono::steady_clock;
    std::FILE* stream_ = stderr;  // kept, since QuietLibraries changes what stderr is
    bool is_terminal_;
    bool visible_ = false;
    Clock::time_point start_ = Clock::now();
    Clock::time_point last_draw_{};
};

/// Tells a program that started the command how far it is: "percent N" lines on stdout, each once
/// and in order.
class PercentLines {
public:
    explicit PercentLines(bool enabled) : enabled_(enabled) {}

    /// fraction: of all work, 0 to 1.
    void update(double fraction);

private:
    bool enabled_;
    int last_ = -1;
};

/// "1:02:03" or "2:03".
std::string format_duration(double seconds);

/// The text with control characters and what is no UTF-8 escaped, so that a file name cannot break
/// a line or a terminal.
std::string printable(const std::string& text);

}  // namespace sisr::cli
