/// What a batch tells while it runs, and what it comes to.
#pragma once

#include "common/console_progress.h"
#include "common/process_start.h"
#include "file_job.h"
#include "report.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

namespace sisr::cli {

/// Keeps count of the files and draws the progress. All of it may be called from several threads.
class BatchLog {
public:
    BatchLog(const BatchOptions& options, const std::vector<Job>& jobs);

    /// A line for the user; not with --quiet.
    void tell(const std::string& line);
    /// The same, with --quiet too.
    void warn(const std::string& line);
    /// Something that was asked for cannot be done.
    void fail(const std::string& line);

    void start(std::size_t job);
    void progress(std::size_t job, double fraction);
    void finish(std::size_t job, const JobResult& result);

    /// The files at work have failed for this reason; those behind them were not begun.
    void give_up(const std::string& reason);

    /// The last lines. Call it when nothing runs any more.
    void summarise();

    /// What became of the files that were begun, in their order; those at work are "interrupted".
    BatchReport report(const std::string& model) const;
    std::size_t failed() const { return failed_; }
    bool is_interrupted() const { return is_interrupted_; }

private:
    using Clock = std::chrono::steady_clock;
    struct Entry {
        Clock::time_point start;
        bool is_started = false;
        double fraction = 0;  ///< of its bytes
        std::optional<ReportedFile> end;
    };

    void count(const Job& job, const JobResult& result);
    void draw(const Job& job);
    bool wants_lines() const;  ///< for each file, also where a bar is drawn
    void tell_of_stale();

    const BatchOptions& options_;
    const std::vector<Job>& jobs_;
    mutable std::mutex mutex_;
    ConsoleProgress console_;
    PercentLines percent_lines_;
    Clock::time_point start_ = process_start();
    std::vector<Entry> entries_;
    std::size_t started_ = 0;
    std::size_t done_ = 0;
    std::size_t skipped_ = 0;
    std::size_t failed_ = 0;
    std::vector<std::string> stale_;  ///< lines about results that this run would make otherwise
    bool is_interrupted_ = false;
    bool is_full_ = false;
    double all_bytes_ = 0;
    double done_bytes_ = 0;  ///< with the parts of the files at work
    double skipped_bytes_ = 0;
    double megapixels_ = 0;
};

}  // namespace sisr::cli
