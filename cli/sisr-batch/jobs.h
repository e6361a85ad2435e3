/// From inputs to jobs: which file becomes which.
#pragma once

#include "options.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sisr::cli {

struct Job {
    std::filesystem::path input;
    std::filesystem::path output;
    std::uintmax_t bytes = 1;  ///< of the input file: its share of the work
    std::string problem;       ///< why it cannot even be tried; empty: nothing known
};

struct JobList {
    std::vector<Job> jobs;
    std::vector<std::string> notes;    ///< told to the user: outputs that had to be renamed
    std::vector<std::string> missing;  ///< inputs that are not there, a line each
};

/// Folders give their image files in the order of their names; hidden files, files of other kinds
/// and the output folder are passed over. Two inputs never share an output, and no output replaces
/// an input. Without an output, each file's result lies beside it, named by the suffix. Looks at no
/// pixel and writes nothing. Throws Error{usage} for an output file that cannot be, and where it is
/// not plain what was meant.
JobList list_jobs(const BatchOptions& options);

/// Creates the folder with its parents. Throws Error{io}.
void make_folder(const std::filesystem::path& folder);

/// Removes what killed runs have left in the folders of the results; with ours_too also what this
/// run has not finished.
void tidy_outputs(const std::vector<Job>& jobs, bool ours_too = false);

/// Creates the output folder, in a dry run only looks whether it can be one. Throws Error{io} when
/// that fails or when nothing can be written into it.
void prepare_output(const BatchOptions& options);

}  // namespace sisr::cli
