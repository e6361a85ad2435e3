/// What a run's log holds, sorted for its report.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace sisr::training {

/// Values by step.
using Series = std::map<std::int64_t, double>;

/// A warning or a skipped step.
struct Notice {
    std::string event;
    std::int64_t step = 0;
    double time = 0;   ///< seconds since 1970
    std::string text;  ///< what else the entry says
};

struct LogContents {
    std::map<std::string, Series> training;    ///< by metric
    std::map<std::string, Series> validation;  ///< by metric
    std::map<std::string, double> bicubic;     ///< by metric of the validation
    std::vector<Notice> notices;               ///< in the order of the log
    std::string data;                          ///< the training data, as the last start names it
    int resumes = 0;
    std::int64_t last_step = 0;
    double first_time = 0;  ///< seconds since 1970
    double last_time = 0;
};

/// Reads RunLog's file. Of several entries of one step (a resumed run goes back) the last counts;
/// lines that are no entries, such as a cut-off last one, and values that are not finite do not.
/// Throws Error{io}.
LogContents read_log(const std::filesystem::path& file);

}  // namespace sisr::training
