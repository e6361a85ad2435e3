#include "common/last_words.h"

#include "common/exit_code.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sisr::cli {
namespace {

constexpr int kSignals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr unsigned kMostSeconds = 10;
constexpr std::size_t kReserveBytes = std::size_t{4} << 20;
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

// Handlers of the process have nothing but globals to go by.
struct State {
    std::function<void(const std::string&)> tell;
    std::vector<char> reserve;  ///< given back when memory is what there is none of
    std::vector<char> stack;    ///< for signals: the thread's own may be what has run out
    std::terminate_handler previous_terminate = nullptr;
};
std::atomic<State*> state{nullptr};

[[noreturn]] void end_with(const char* reason) {
    // Once: what fails while telling must not tell again.
    State* const last = state.exchange(nullptr);
    if (last != nullptr) {
        // A lock may be held for ever by what has just ended.
        std::signal(SIGALRM, [](int) { std::_Exit(to_int(ExitCode::some_failed)); });
        ::alarm(kMostSeconds);
        last->reserve = {};
        try {
            last->tell(reason);
        } catch (...) {
            std::_Exit(to_int(ExitCode::some_failed));
        }
    }
    std::_Exit(to_int(ExitCode::some_failed));
}

[[noreturn]] void on_terminate() {
    try {
        if (std::current_exception()) std::rethrow_exception(std::current_exception());
    } catch (const std::bad_alloc&) {
        end_with("not enough memory");
    } catch (const std::exception& error) {
        end_with(error.what());
    } catch (...) {
        end_with("a library gave up");
    }
    end_with("a library gave up, perhaps for want of memory or threads");
}

void on_signal(int signal) {
    end_with(signal == SIGABRT ? "a library gave up"
                               : "a library failed, perhaps for want of memory");
}

void on_exit() {
    if (state.load() != nullptr) end_with("a library ended the program");
}

/// Libraries below us start threads and take memory before main() is reached.
[[noreturn]] void fail_to_start() {
    constexpr char kLine[] = "cannot start: not enough memory, or threads\n";
    const char* const name = program_invocation_short_name;
    const bool is_told = ::write(STDERR_FILENO, name, std::strlen(name)) >= 0 &&
                         ::write(STDERR_FILENO, ": ", 2) >= 0 &&
                         ::write(STDERR_FILENO, kLine, sizeof kLine - 1) >= 0;
    ::_exit(is_told ? to_int(ExitCode::some_failed) : to_int(ExitCode::usage));
}

void watch_the_start() { std::set_terminate(fail_to_start); }

// The one thing of a program that runs before its libraries' constructors.
[[gnu::used, gnu::section(".preinit_array")]] void (*const before_libraries)() = watch_the_start;

}  // namespace

LastWords::LastWords(std::function<void(const std::string&)> tell) {
    auto made = std::make_unique<State>();
    made->tell = std::move(tell);
    made->reserve.resize(kReserveBytes, 1);
    made->stack.resize(kStackBytes);
    stack_t stack{};
    stack.ss_sp = made->stack.data();
    stack.ss_size = made->stack.size();
    ::sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (const int signal : kSignals) sigaction(signal, &action, nullptr);
    made->previous_terminate = std::set_terminate(on_terminate);
    static const int registered = std::atexit(on_exit);
    static_cast<void>(registered);
    state = made.release();
}

LastWords::~LastWords() {
    const std::unique_ptr<State> made(state.exchange(nullptr));
    if (!made) return;
    std::set_terminate(made->previous_terminate);
    for (const int signal : kSignals) std::signal(signal, SIG_DFL);
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
}

}  // namespace sisr::cli
