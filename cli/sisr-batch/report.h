/// What became of each file, for programs to read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sisr::cli {

struct ReportedFile {
    std::filesystem::path input;
    std::filesystem::path output;
    std::string status;   ///< "done", "skipped", "failed" or "interrupted"
    std::string message;  ///< why it failed
    int width = 0;        ///< of the result; 0: none was made
    int height = 0;
    double seconds = 0;
};

struct BatchReport {
    std::string model;
    std::vector<ReportedFile> files;
    double seconds = 0;
    bool interrupted = false;
};

/// As JSON, whole or not at all. Bytes of a name that are no UTF-8 become U+FFFD.
/// Throws Error{io}.
void write_report(const std::filesystem::path& file, const BatchReport& report);

}  // namespace sisr::cli
