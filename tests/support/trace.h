/// What a program asks the system for, by strace.
#pragma once

#include "run_command.h"
#include "tools.h"

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sisr::test {

/// Parts of paths that differ from run to run, and what is written for them.
using Replacements = std::vector<std::pair<std::string, std::string>>;

inline bool can_trace() {
    const std::string strace = find_tool("strace");
    return !strace.empty() &&
           run_command({strace, "-ff", "--seccomp-bpf", "-o", "/dev/null", "/bin/true"})
                   .exit_code == 0;
}

/// The command, so that every file, process, signal and connection that it asks for is noted in
/// `folder`, by each of its threads and children.
inline std::vector<std::string> traced(std::vector<std::string> command,
                                       const std::filesystem::path& folder) {
    const std::vector<std::string> before{find_tool("strace"),
                                          "-ff",
                                          "--seccomp-bpf",
                                          "-qq",
                                          "-s",
                                          "4096",
                                          "-e",
                                          "trace=%file,%process,%network,ftruncate,ptrace",
                                          "-e",
                                          "signal=none",
                                          "-o",
                                          (folder / "trace").string()};
    command.insert(command.begin(), before.begin(), before.end());
    return command;
}

namespace detail {

/// "openat("/a/b", O_RDONLY)": the call, its texts, and how a file is opened or a process begun.
inline std::string event_of(const std::string& line, const Replacements& replacements) {
    const std::size_t arguments = line.find('(');
    if (arguments == std::string::npos || line.compare(0, 5, "exit_") == 0) return {};
    // A thread that ended before strace could ask it for what.
    if (line.compare(0, 3, "???") == 0) return {};
    std::string event = line.substr(0, arguments);
    for (std::size_t at = line.find('"'); at != std::string::npos;) {
        std::size_t end = at + 1;
        while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
        event += " " + line.substr(at + 1, end - at - 1);
        if (event.find(" user.") != std::string::npos) break;  // an attribute, whose value differs
        at = line.find('"', end + 1);
    }
    for (const char* flag : {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "CLONE_THREAD"}) {
        if (line.find(flag) != std::string::npos) event += std::string(" ") + flag;
    }
    for (const auto& [part, name] : replacements) {
        for (auto at = event.find(part); at != std::string::npos; at = event.find(part, at)) {
            event.replace(at, part.size(), name);
            at += name.size();
        }
    }
    // Processes and threads: /proc/1234/task/1235/...
    const std::size_t process = event.find("/proc/");
    return process == std::string::npos
               ? event
               : std::regex_replace(event, std::regex("/[0-9]+(?=/|$| )"), "/N");
}

}  // namespace detail

/// Each kind of event once. The folder is empty then.
inline std::set<std::string> take_events(const std::filesystem::path& folder,
                                         const Replacements& replacements) {
    std::set<std::string> events;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        std::istringstream lines(read_bytes(file.path()));
        for (std::string line; std::getline(lines, line);) {
            const std::string event = detail::event_of(line, replacements);
            if (!event.empty()) events.insert(event);
        }
        std::filesystem::remove(file.path());
    }
    return events;
}

}  // namespace sisr::test
