/// Runs a program as a user would.
#pragma once

#include "temp_dir.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace sisr::test {

struct CommandResult {
    int exit_code = -1;  ///< 128 + signal when a signal ended it
    std::string out;
    std::string err;
    double cpu_seconds = 0;  ///< of all its threads and children
    double peak_megabytes = 0;

    std::size_t error_lines() const {
        return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n'));
    }
};

struct CommandOptions {
    bool as_nobody = false;  ///< drop root, to whom every file is readable
    std::vector<std::pair<std::string, std::string>> environment{};  ///< added to our own
    std::chrono::seconds timeout{120};  ///< after which the program is killed
    std::size_t memory_limit = 0;       ///< bytes of addresses
    std::size_t file_size_limit = 0;    ///< bytes, beyond which writing fails as on a full disk
    /// Called every 10 ms with the process id while the program runs.
    std::function<void(pid_t)> while_running{};
};

namespace detail {

[[noreturn]] inline void become_command(std::vector<char*>& arguments, const std::string& out,
                                        const std::string& err, const CommandOptions& options) {
    ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0666), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0666), STDERR_FILENO);
    for (const auto& [name, value] : options.environment) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    if (options.file_size_limit > 0) {
        const rlimit limit{options.file_size_limit, options.file_size_limit};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(126);
    }
    if (options.memory_limit > 0) {
        const rlimit limit{options.memory_limit, options.memory_limit};
        if (::setrlimit(RLIMIT_AS, &limit) != 0) ::_exit(126);
    }
    if (options.as_nobody && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(126);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

}  // namespace detail

inline CommandResult run_command(const std::vector<std::string>& words,
                                 const CommandOptions& options = {}) {
    const TempDir folder;
    const std::string out = (folder / "out").string();
    const std::string err = (folder / "err").string();
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const auto deadline = std::chrono::steady_clock::now() + options.timeout;
    const pid_t child = ::fork();
    if (child == 0) detail::become_command(arguments, out, err, options);

    int status = 0;
    rusage usage{};
    while (::wait4(child, &status, WNOHANG, &usage) == 0) {
        if (options.while_running) options.while_running(child);
        if (std::chrono::steady_clock::now() > deadline) ::kill(child, SIGKILL);
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CommandResult result;
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
        result.cpu_seconds +=
            static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    }
    result.peak_megabytes = static_cast<double>(usage.ru_maxrss) / 1024;
    result.out = read_bytes(out);
    result.err = read_bytes(err);
    return result;
}

}  // namespace sisr::test
