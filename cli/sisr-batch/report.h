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
    std::string input_is;  ///< as --input-is names it: what the picture was taken for; may be empty
};

struct BatchReport {
    std::string model;
    std::vector<ReportedFile> files;
    double seconds = 0;        ///< of all parts together
    bool interrupted = false;  ///< at least one part was
};

/// To be asked before the work: throws Error{io} where no report can be written.
void check_report(const std::filesystem::path& file);

/// As JSON, whole or not at all, but for what is no file (/dev/stdout). Bytes of a name that are no
/// UTF-8 become U+FFFD. Throws Error{io}.
void write_report(const std::filesystem::path& file, const BatchReport& report);

/// False for what is no file, or is a link: what is written there cannot be taken back.
bool is_replaced(const std::filesystem::path& file);

/// The reports of shards as one, the files in the order of their inputs' names. Where a file is in
/// several, one of whose parts was run again, the one that made it counts, else the last. Throws
/// Error{io, bad_image} about a file that is no report, Error{usage} for parts of different models.
BatchReport merge_reports(const std::vector<std::filesystem::path>& files);

/// True when no file has failed and no part was interrupted.
bool is_complete(const BatchReport& report);

}  // namespace sisr::cli
