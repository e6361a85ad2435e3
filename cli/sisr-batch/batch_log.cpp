#include "batch_log.h"

#include "base/numbers.h"
#include "common/input_kind.h"

#include <cstdio>

namespace sisr::cli {
namespace {

const char* name_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::done: return "done";
        case Outcome::skipped: return "skipped";
        case Outcome::failed:
        case Outcome::no_space: return "failed";
        case Outcome::interrupted: return "interrupted";
    }
    return "";
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

BatchLog::BatchLog(const BatchOptions& options, const std::vector<Job>& jobs)
    : options_(options),
      jobs_(jobs),
      console_(!options.quiet),
      percent_lines_(options.progress),
      entries_(jobs.size()) {
    for (const Job& job : jobs) all_bytes_ += static_cast<double>(job.bytes);
}

void BatchLog::tell(const std::string& line) {
    if (!options_.quiet) warn(line);
}

void BatchLog::warn(const std::string& line) {
    const std::lock_guard lock(mutex_);
    console_.print_line(line);
}

void BatchLog::fail(const std::string& line) {
    const std::lock_guard lock(mutex_);
    ++failed_;
    console_.print_line("sisr-batch: " + line);
}

void BatchLog::start(std::size_t job) {
    const std::lock_guard lock(mutex_);
    ++started_;
    entries_[job].start = Clock::now();
    draw(jobs_[job]);
    entries_[job].is_started = true;
}

void BatchLog::progress(std::size_t job, double fraction) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[job];
    done_bytes_ += (fraction - entry.fraction) * static_cast<double>(jobs_[job].bytes);
    entry.fraction = fraction;
    draw(jobs_[job]);
}

void BatchLog::draw(const Job& job) {
    if (all_bytes_ <= 0) return;
    percent_lines_.update(done_bytes_ / all_bytes_);
    console_.update(done_bytes_ / all_bytes_, skipped_bytes_ / all_bytes_,
                    std::to_string(started_) + "/" + std::to_string(jobs_.size()) + "  " +
                        job.input.filename().string());
}

void BatchLog::finish(std::size_t job, const JobResult& result) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[job];
    const Job& file = jobs_[job];
    entry.end = ReportedFile{file.input,
                             file.output,
                             name_of(result.outcome),
                             result.outcome == Outcome::done ? "" : result.line,
                             result.size.width,
                             result.size.height,
                             seconds_since(entry.start),
                             result.input == InputKind::automatic ? "" : word_of(result.input)};
    if (result.outcome == Outcome::interrupted) {
        is_interrupted_ = true;
        return;
    }
    done_bytes_ += (1 - entry.fraction) * static_cast<double>(file.bytes);
    entry.fraction = 1;
    count(file, result);
    if (all_bytes_ > 0) percent_lines_.update(done_bytes_ / all_bytes_);
}

void BatchLog::count(const Job& job, const JobResult& result) {
    if (result.outcome == Outcome::skipped) {
        skipped_bytes_ += static_cast<double>(job.bytes);
        ++skipped_;
        if (result.is_stale) {
            stale_.push_back(result.line);
        } else if (wants_lines() || (options_.dry_run && !options_.quiet)) {
            console_.print_line(result.line);
        }
    } else if (result.outcome == Outcome::failed || result.outcome == Outcome::no_space) {
        ++failed_;
        is_full_ = is_full_ || result.outcome == Outcome::no_space;
        console_.print_line("sisr-batch: " + result.line);
    } else {
        ++done_;
        megapixels_ += 1e-6 * result.size.width * result.size.height;
        const bool wants_line = wants_lines() || (!options_.quiet && !console_.is_drawn());
        if (wants_line && !result.line.empty()) console_.print_line(result.line);
    }
}

bool BatchLog::wants_lines() const {
    return !options_.quiet && (options_.verbose || jobs_.size() == 1);
}

void BatchLog::tell_of_stale() {
    constexpr std::size_t kMostLines = 3;
    if (options_.verbose || stale_.size() <= kMostLines) {
        for (const std::string& line : stale_) tell("sisr-batch: " + line);
        return;
    }
    tell("sisr-batch: skipped: " + std::to_string(stale_.size()) +
         " results were made with other options or of other inputs; --existing overwrite makes "
         "them anew");
}

void BatchLog::give_up(const std::string& reason) {
    for (std::size_t job = 0; job < entries_.size(); ++job) {
        if (!entries_[job].is_started || entries_[job].end) continue;
        finish(job, {Outcome::failed, jobs_[job].input.string() + ": " + reason});
    }
    is_interrupted_ = true;
}

void BatchLog::summarise() {
    tell_of_stale();
    const bool resumes = options_.existing == Existing::skip && !options_.dry_run;
    if (is_interrupted_) {
        warn("sisr-batch: interrupted; done so far: " + std::to_string(done_) +
             (resumes ? "; the same command goes on" : ""));
        return;
    }
    const std::size_t left = jobs_.size() - started_;
    if (is_full_ && left > 0) {
        warn("sisr-batch: stopped with " + std::to_string(left) + " files to do" +
             (resumes ? "; make room, and the same command goes on" : ""));
    }
    if (options_.dry_run) return;
    tell(std::to_string(done_) + " done, " + std::to_string(skipped_) + " skipped, " +
         std::to_string(failed_) + " failed; " + format_number(megapixels_, 1) + " megapixels in " +
         format_duration(seconds_since(start_)));
}

BatchReport BatchLog::report(const std::string& model) const {
    const std::lock_guard lock(mutex_);
    BatchReport result;
    result.model = model;
    for (std::size_t job = 0; job < entries_.size(); ++job) {
        const Entry& entry = entries_[job];
        if (entry.end) {
            result.files.push_back(*entry.end);
        } else if (entry.is_started) {
            ReportedFile& file = result.files.emplace_back();
            file.input = jobs_[job].input;
            file.output = jobs_[job].output;
            file.status = "interrupted";
        }
    }
    result.seconds = seconds_since(start_);
    result.interrupted = is_interrupted_;
    return result;
}

}  // namespace sisr::cli
