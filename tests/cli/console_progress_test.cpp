#include "common/console_progress.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace sisr::cli {
namespace {

TEST(Printable, KeepsWhatATerminalShows) {
    for (const char* text :
         {"", "plain name.png", "\xC3\xA4\xC3\xB6 \xE6\x97\xA5 \xF0\x9F\x90\x88"}) {
        EXPECT_EQ(printable(text), text);
    }
}

TEST(Printable, EscapesWhatItWouldObey) {
    EXPECT_EQ(printable("a\nb"), "a\\nb");
    EXPECT_EQ(printable("\r\t\x1B[2J\x7F"), "\\x0d\\x09\\x1b[2J\\x7f");
    EXPECT_EQ(printable("\xC2\x9B"
                        "2J"),
              "\\xc2\\x9b2J");  // CSI beyond ASCII
}

TEST(Printable, EscapesWhatIsNoUtf8) {
    EXPECT_EQ(printable("caf\xE9.png"), "caf\\xe9.png");
    EXPECT_EQ(printable("\xC3"), "\\xc3");
    EXPECT_EQ(printable("\xE6\x97"), "\\xe6\\x97");
    EXPECT_EQ(printable("\xC0\x8A"), "\\xc0\\x8a");  // an overlong line feed
    EXPECT_EQ(printable("\xE0\x80\x8A"), "\\xe0\\x80\\x8a");
    EXPECT_EQ(printable("\xFF"), "\\xff");
}

TEST(FormatDuration, MinutesAndHours) {
    EXPECT_EQ(format_duration(-1), "0:00");
    EXPECT_EQ(format_duration(59.6), "1:00");
    EXPECT_EQ(format_duration(3599), "59:59");
    EXPECT_EQ(format_duration(3723), "1:02:03");
}

/// Puts a terminal in the place of stderr.
class TerminalStderr {
public:
    explicit TerminalStderr(unsigned short columns)
        : saved_(::dup(STDERR_FILENO)), master_(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
        if (::grantpt(master_) != 0 || ::unlockpt(master_) != 0) return;
        const int slave = ::open(::ptsname(master_), O_RDWR | O_NOCTTY);
        winsize size{};
        size.ws_col = columns;
        ::ioctl(slave, TIOCSWINSZ, &size);
        ::dup2(slave, STDERR_FILENO);
        ::close(slave);
    }
    ~TerminalStderr() {
        std::fflush(stderr);
        ::dup2(saved_, STDERR_FILENO);
        ::close(saved_);
        ::close(master_);
    }
    TerminalStderr(const TerminalStderr&) = delete;
    TerminalStderr& operator=(const TerminalStderr&) = delete;

    bool works() const { return ::isatty(STDERR_FILENO) == 1; }

    /// What was written since the last call. The kernel passes it on in pieces, in its own time, so
    /// that a mark behind it tells the end.
    std::string read() const {
        std::fflush(stderr);
        if (::write(STDERR_FILENO, &kMark, 1) != 1) return "the terminal is full";
        std::string text;
        std::array<char, 4096> buffer{};
        while (text.empty() || text.back() != kMark) {
            pollfd waiting{master_, POLLIN, 0};
            if (::poll(&waiting, 1, kPatienceMs) <= 0) return text + " and no end";
            const auto count = ::read(master_, buffer.data(), buffer.size());
            if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        text.pop_back();
        return text;
    }

private:
    static constexpr char kMark = '\x05';  // nothing writes an enquiry
    static constexpr int kPatienceMs = 10000;
    int saved_;
    int master_;
};

TEST(ConsoleProgress, DrawsOnATerminalAndErasesItself) {
    const TerminalStderr terminal(70);
    if (!terminal.works()) GTEST_SKIP() << "no pseudo-terminal here";
    {
        ConsoleProgress progress(true);
        progress.update(0.5, 0, "3/6  caf\xC3\xA9.png");
        const std::string drawn = terminal.read();
        EXPECT_EQ(drawn, "\r\033[K[############            ] 50 %  ETA 0:00  3/6  caf\xC3\xA9.png");
        progress.print_line("a line");
        EXPECT_EQ(terminal.read(), "\r\033[Ka line\r\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(120));
        progress.update(0.6, 0, "4/6");
        EXPECT_NE(terminal.read(), "");
    }
    EXPECT_EQ(terminal.read(), "\r\033[K");
}

TEST(ConsoleProgress, DrawsAtMostTenTimesASecond) {
    const TerminalStderr terminal(70);
    if (!terminal.works()) GTEST_SKIP() << "no pseudo-terminal here";
    ConsoleProgress progress(true);
    progress.update(0.1, 0, "first");
    terminal.read();
    for (int i = 0; i < 100; ++i) progress.update(0.2, 0, "second");
    EXPECT_EQ(terminal.read(), "");
}

TEST(ConsoleProgress, NeverWrapsNorCutsACharacter) {
    const TerminalStderr terminal(50);
    if (!terminal.works()) GTEST_SKIP() << "no pseudo-terminal here";
    ConsoleProgress progress(true);
    progress.update(0.5, 0,
                    "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4");
    const std::string drawn = terminal.read();
    EXPECT_EQ(printable(drawn.substr(4)), drawn.substr(4));  // behind "\r\033[K"
    EXPECT_LE(drawn.size(), 4U + 49U + 9U);
}

TEST(ConsoleProgress, IsSilentWithoutATerminal) {
    ::testing::internal::CaptureStderr();
    {
        ConsoleProgress progress(true);
        EXPECT_FALSE(progress.is_drawn());
        progress.update(0.5, 0, "text");
        progress.print_line("a\nline");
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "a\\nline\n");
}

}  // namespace
}  // namespace sisr::cli
