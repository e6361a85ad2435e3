#include "batch.h"

#include "base/numbers.h"
#include "batch_log.h"
#include "common/last_words.h"
#include "common/quiet_libraries.h"
#include "common/signals.h"
#include "file_job.h"
#include "jobs.h"
#include "made_with.h"
#include "shard.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

namespace sisr::cli {
namespace {

/// While the network computes for one file, another is decoded or encoded. One thread means one
/// file at a time: somebody who asks for it runs other things beside.
int files_at_once(const BatchOptions& options, std::size_t jobs) {
    const int cores = static_cast<int>(std::thread::hardware_concurrency());
    const int threads = options.upscale.threads > 0 ? options.upscale.threads : cores;
    if (threads == 1 || options.dry_run) return 1;
    return static_cast<int>(std::min<std::size_t>(std::clamp(threads, 2, 4), jobs));
}

UpscaleOptions upscale_options(const BatchOptions& options, std::size_t jobs) {
    UpscaleOptions upscale = options.upscale;
    upscale.runs = std::max(1, files_at_once(options, jobs));
    return upscale;
}

constexpr int kShareOfReports = 50;  ///< of the time, one part may go into writing them

class Batch {
public:
    Batch(const BatchOptions& options, const Model& model, const std::vector<Job>& jobs,
          const StopSignals& signals)
        : options_(options),
          jobs_(jobs),
          model_(model),
          upscaler_(model_, upscale_options(options, jobs.size())),
          made_with_(options, model_.info()),
          signals_(signals),
          log_(options, jobs_) {}

    ExitCode run(const JobList& list) {
        const QuietLibraries quiet_libraries(!options_.verbose);
        for (const std::string& line : list.missing) log_.fail(line);
        if (options_.verbose) log_.warn("sisr-batch: " + upscaler_.description());
        for (const std::string& note : list.notes) log_.tell("sisr-batch: " + note);
        keep_report();
        run_jobs();
        const bool is_reported = save_report();
        log_.summarise();
        if (log_.is_interrupted()) return ExitCode::interrupted;
        return log_.failed() == 0 && is_reported ? ExitCode::done : ExitCode::some_failed;
    }

    /// A library has ended the program: what was done is told and reported all the same.
    void give_up(const std::string& reason) {
        log_.give_up(reason);
        save_report();
        log_.summarise();
    }

private:
    using Clock = std::chrono::steady_clock;

    void run_jobs() {
        std::vector<std::future<void>> workers;
        for (int i = 1; i < files_at_once(options_, jobs_.size()); ++i) {
            try {
                workers.push_back(std::async(std::launch::async, [this] { work(); }));
            } catch (const std::system_error&) {
                break;  // no more threads are to be had: those that are there do it
            }
        }
        work();
        for (auto& worker : workers) worker.get();
    }

    void work() {
        for (;;) {
            const std::size_t index = next_++;
            if (index >= jobs_.size() || is_stopping_) return;
            log_.start(index);
            const JobListener listener{[this](const std::string& line) { log_.warn(line); },
                                       [this, index](double fraction) {
                                           log_.progress(index, fraction);
                                           return !signals_.requested();
                                       }};
            const JobResult result =
                run_job(jobs_[index], options_, upscaler_, made_with_, listener);
            log_.finish(index, result);
            keep_report();
            // On a full disk, trying on would cost the time of all files and make none.
            if (result.outcome == Outcome::interrupted || result.outcome == Outcome::no_space) {
                is_stopping_ = true;
            }
        }
    }

    /// A run that is killed, or ends where a lock is held for ever, has told what it came to.
    void keep_report() {
        if (options_.report.empty() || options_.dry_run || !is_replaced(options_.report)) return;
        const std::unique_lock lock(keeping_, std::try_to_lock);
        // A report of many files takes its time: a small part of the work's.
        if (!lock.owns_lock() || Clock::now() < next_kept_) return;
        const auto start = Clock::now();
        try {
            BatchReport report = log_.report(model_.info().name);
            report.interrupted = true;
            write_report(options_.report, report);
        } catch (const Error&) {
            return;  // the last one is told of
        }
        next_kept_ = Clock::now() + kShareOfReports * (Clock::now() - start);
    }

    bool save_report() {
        if (options_.report.empty() || options_.dry_run) return true;
        const std::lock_guard lock(keeping_);
        try {
            write_report(options_.report, log_.report(model_.info().name));
            return true;
        } catch (const Error& error) {
            log_.warn(std::string("sisr-batch: ") + error.what());
            return false;
        }
    }

    const BatchOptions& options_;
    const std::vector<Job>& jobs_;
    Model model_;
    Upscaler upscaler_;
    MadeWith made_with_;
    const StopSignals& signals_;
    BatchLog log_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> is_stopping_{false};
    std::mutex keeping_;
    Clock::time_point next_kept_;
};

/// "-x4", "-x2.5", "-1600x1200": what tells a result beside its input from it.
std::string suffix_for(const UpscaleOptions& upscale, const Model& model) {
    const auto side = [](int pixels) { return pixels > 0 ? std::to_string(pixels) : "auto"; };
    if (upscale.size.width > 0 || upscale.size.height > 0) {
        return "-" + side(upscale.size.width) + "x" + side(upscale.size.height);
    }
    return "-x" + format_number(upscale.scale > 0 ? upscale.scale : model.info().scale);
}

/// What a run has come to so far, for its last words.
class Run {
public:
    explicit Run(const BatchOptions& options) : options_(options) {}

    ExitCode go();

    /// Something below us has ended the work, or the program.
    void give_up(const std::string& reason) {
        if (batch_) {
            batch_->give_up(reason);
            tidy_outputs(jobs_, true);
            return;
        }
        std::fprintf(stderr, "sisr-batch: %s\n", printable(reason).c_str());
        if (options_.report.empty() || options_.dry_run) return;
        BatchReport report;
        report.interrupted = true;
        for (const Job& job : jobs_) {
            report.files.push_back({job.input, job.output, "failed", reason, 0, 0, 0, ""});
        }
        write_report(options_.report, report);
    }

private:
    BatchOptions options_;
    const StopSignals signals_;
    std::vector<Job> jobs_;
    std::unique_ptr<Batch> batch_;
};

ExitCode Run::go() {
    const Model model = find_model(options_.model.empty() ? default_model_name() : options_.model,
                                   options_.upscale.scale);
    if (options_.output.empty() && options_.suffix.empty()) {
        options_.suffix = suffix_for(options_.upscale, model);
    }
    const JobList list = list_jobs(options_);
    if (list.jobs.empty()) {
        for (const std::string& line : list.missing) {
            std::fprintf(stderr, "sisr-batch: %s\n", printable(line).c_str());
        }
        if (!list.missing.empty()) return ExitCode::usage;
        throw Error(ErrorKind::usage, options_.inputs.front().string(),
                    options_.recursive ? "holds no image"
                                       : "holds no image (--recursive enters sub-folders)");
    }
    jobs_ = options_.shard.count == 1 ? list.jobs : take_shard(list.jobs, options_.shard);
    batch_ = std::make_unique<Batch>(options_, model, jobs_, signals_);
    prepare_output(options_);
    if (!options_.report.empty() && !options_.dry_run) check_report(options_.report);
    if (!options_.dry_run) tidy_outputs(jobs_);
    return batch_->run(list);
}

}  // namespace

ExitCode run_batch(const BatchOptions& options) {
    Run run(options);
    std::optional<LastWords> last_words;
    try {
        last_words.emplace([&run](const std::string& reason) { run.give_up(reason); });
        return run.go();
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        run.give_up("not enough memory");
    } catch (const std::exception& error) {
        run.give_up(error.what());
    }
    return ExitCode::some_failed;
}

}  // namespace sisr::cli
