#include "batch.h"

#include "common/console_progress.h"
#include "common/quiet_libraries.h"
#include "common/signals.h"
#include "compare.h"
#include "job_source.h"
#include "jobs.h"
#include "report.h"
#include "shard.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <optional>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

enum class Outcome { done, skipped, failed, interrupted, no_space };

struct JobResult {
    Outcome outcome = Outcome::done;
    std::string line;  ///< what went wrong, what was made, or why it was skipped
    Size size;         ///< of the result
};

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

std::string format_size(const ImageShape& shape) {
    return std::to_string(shape.width) + "x" + std::to_string(shape.height);
}

/// The engine's progress of one file as a part of the whole batch's.
class JobProgress final : public Progress {
public:
    JobProgress(std::function<void(double)> show, const StopSignals& signals)
        : show_(std::move(show)), signals_(signals) {}
    bool report(double fraction) override {
        show_(fraction);
        return !signals_.requested();
    }

private:
    std::function<void(double)> show_;
    const StopSignals& signals_;
};

class Batch {
public:
    Batch(const BatchOptions& options, std::vector<Job> jobs, const StopSignals& signals)
        : options_(options),
          jobs_(std::move(jobs)),
          model_(find_model(options.model.empty() ? default_model_name() : options.model,
                            options.upscale.scale)),
          upscaler_(model_, options.upscale),
          signals_(signals),
          console_(!options.quiet),
          percent_lines_(options.progress) {
        for (const Job& job : jobs_) all_bytes_ += static_cast<double>(job.bytes);
        report_.model = model_.info().name;
    }

    ExitCode run(const JobList& list) {
        const auto start = Clock::now();
        const QuietLibraries quiet_libraries(!options_.verbose);
        for (const std::string& line : list.missing) fail(line);
        if (options_.verbose) console_.print_line("sisr-batch: " + upscaler_.description());
        for (const std::string& note : list.notes) tell("sisr-batch: " + note);
        for (const Job& job : jobs_) {
            ++started_;
            const auto job_start = Clock::now();
            const JobResult result = run_job(job);
            report_.files.push_back({job.input, job.output, name_of(result.outcome),
                                     result.outcome == Outcome::done ? "" : result.line,
                                     result.size.width, result.size.height,
                                     seconds_since(job_start)});
            report_.interrupted = result.outcome == Outcome::interrupted;
            if (report_.interrupted) break;
            account(job, result);
            if (result.outcome == Outcome::no_space) {
                stop_for_space();
                break;
            }
        }
        report_.seconds = seconds_since(start);
        const bool is_reported = save_report();
        if (report_.interrupted) return interrupted();
        if (!options_.dry_run) summarise(report_.seconds);
        return failed_ == 0 && is_reported ? ExitCode::done : ExitCode::some_failed;
    }

private:
    using Clock = std::chrono::steady_clock;

    static double seconds_since(Clock::time_point start) {
        return std::chrono::duration<double>(Clock::now() - start).count();
    }

    bool save_report() {
        if (options_.report.empty() || options_.dry_run) return true;
        try {
            write_report(options_.report, report_);
            return true;
        } catch (const Error& error) {
            console_.print_line(std::string("sisr-batch: ") + error.what());
            return false;
        }
    }

    /// Never throws past itself: what happens to one file is a value.
    JobResult run_job(const Job& job) {
        const std::string name = job.input.string();
        try {
            if (!job.problem.empty()) return {Outcome::failed, name + ": " + job.problem, {}};
            if (signals_.requested()) return {Outcome::interrupted, "", {}};
            if (const auto result = look_at_existing(job)) return *result;
            return options_.dry_run ? describe(job) : upscale(job);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::cancelled) return {Outcome::interrupted, "", {}};
            // The reason may be about the result or a tile; the line still names the input.
            const bool names_input = error.subject() == name;
            const bool is_full = error.kind() == ErrorKind::no_space;
            return {is_full ? Outcome::no_space : Outcome::failed,
                    (names_input ? "" : name + ": ") + error.what(),
                    {}};
        } catch (const std::bad_alloc&) {
            return {Outcome::failed, name + ": not enough memory", {}};
        } catch (const std::exception& error) {
            return {Outcome::failed, name + ": " + error.what(), {}};
        }
    }

    /// None when the way is free.
    std::optional<JobResult> look_at_existing(const Job& job) const {
        std::error_code status;
        const auto type = fs::status(job.output, status).type();
        const auto failed = [&job](const char* reason) {
            return JobResult{Outcome::failed, job.output.string() + ": " + reason, {}};
        };
        if (!fs::exists(fs::file_status(type))) return std::nullopt;
        if (type != fs::file_type::regular) return failed("exists and is not a file");
        switch (options_.existing) {
            case Existing::skip:
                return JobResult{
                    Outcome::skipped, job.output.string() + ": exists already, skipped", {}};
            case Existing::error: return failed("exists already");
            case Existing::overwrite: break;
        }
        return std::nullopt;
    }

    /// None unless --only-smaller leaves the picture out.
    std::optional<JobResult> look_at_size(const Job& job, const ImageShape& shape) const {
        if (!options_.only_smaller || upscaler_.scale_for(shape) > 1) return std::nullopt;
        return JobResult{
            Outcome::skipped,
            job.input.string() + ": is " + format_size(shape) + " pixels already, skipped",
            {}};
    }

    JobResult describe(const Job& job) const {
        const JobSource source(job, options_);
        if (const auto skipped = look_at_size(job, source.shape())) return *skipped;
        const ImageShape result = upscaler_.output_shape(source.shape());
        std::printf("%s -> %s %s\n", printable(job.input.string()).c_str(),
                    printable(job.output.string()).c_str(), format_size(result).c_str());
        return {};
    }

    JobResult upscale(const Job& job) {
        JobSource source(job, options_);
        if (const auto skipped = look_at_size(job, source.shape())) return *skipped;
        if (!source.note().empty()) console_.print_line("sisr-batch: " + source.note());
        const ImageShape result = upscaler_.output_shape(source.shape());
        if (job.output.has_parent_path()) make_folder(job.output.parent_path());
        source.prepare();
        FileSink sink(job.output, source.write_options(result));
        run_pages(job, source, sink);
        if (options_.compare) write_compare_sheet(job.input, job.output, source.is_turned());
        return {Outcome::done,
                job.input.string() + " -> " + job.output.string() + " " + format_size(result),
                result.size()};
    }

    void run_pages(const Job& job, JobSource& source, FileSink& sink) {
        for (int page = 0; page < source.pages(); ++page) {
            if (page > 0) {
                if (!source.file().next_page()) {
                    throw Error(ErrorKind::bad_image, job.input.string(),
                                "is damaged: page " + std::to_string(page + 1) + " is missing");
                }
                source.prepare();
            }
            JobProgress progress(
                [&](double fraction) { show(job, (page + fraction) / source.pages()); }, signals_);
            upscaler_.run(source.file(), sink, progress);
        }
    }

    void show(const Job& job, double fraction) {
        const double current = fraction * static_cast<double>(job.bytes);
        percent_lines_.update((done_bytes_ + current) / all_bytes_);
        console_.update((done_bytes_ + current) / all_bytes_, skipped_bytes_ / all_bytes_,
                        std::to_string(started_) + "/" + std::to_string(jobs_.size()) + "  " +
                            job.input.filename().string());
    }

    void account(const Job& job, const JobResult& result) {
        done_bytes_ += static_cast<double>(job.bytes);
        if (all_bytes_ > 0) percent_lines_.update(done_bytes_ / all_bytes_);
        if (result.outcome == Outcome::skipped) {
            skipped_bytes_ += static_cast<double>(job.bytes);
            ++skipped_;
            if (options_.verbose || options_.dry_run) tell(result.line);
        } else if (result.outcome == Outcome::failed || result.outcome == Outcome::no_space) {
            fail(result.line);
        } else {
            ++done_;
            megapixels_ += 1e-6 * result.size.width * result.size.height;
            const bool wants_line = options_.verbose || !console_.is_drawn();
            if (wants_line && !result.line.empty()) tell(result.line);
        }
    }

    void tell(const std::string& line) {
        if (!options_.quiet) console_.print_line(line);
    }

    void fail(const std::string& line) {
        ++failed_;
        console_.print_line("sisr-batch: " + line);
    }

    /// Trying on would cost the time of all files and make none.
    void stop_for_space() {
        const std::size_t left = jobs_.size() - started_;
        if (left == 0) return;
        std::string line = "sisr-batch: stopped with " + std::to_string(left) + " files to do";
        if (options_.existing == Existing::skip) {
            line += "; make room, and the same command goes on";
        }
        console_.print_line(line);
    }

    ExitCode interrupted() {
        const bool resumes = options_.existing == Existing::skip && !options_.dry_run;
        console_.print_line("sisr-batch: interrupted; done so far: " + std::to_string(done_) +
                            (resumes ? "; the same command goes on" : ""));
        return ExitCode::interrupted;
    }

    void summarise(double seconds) {
        char numbers[96];
        std::snprintf(numbers, sizeof numbers, "%.1f megapixels in %s", megapixels_,
                      format_duration(seconds).c_str());
        tell(std::to_string(done_) + " done, " + std::to_string(skipped_) + " skipped, " +
             std::to_string(failed_) + " failed; " + numbers);
    }

    const BatchOptions& options_;
    std::vector<Job> jobs_;
    Model model_;
    Upscaler upscaler_;
    const StopSignals& signals_;
    ConsoleProgress console_;
    PercentLines percent_lines_;
    BatchReport report_;
    std::size_t started_ = 0;
    std::size_t done_ = 0;
    std::size_t skipped_ = 0;
    std::size_t failed_ = 0;
    double all_bytes_ = 0;
    double done_bytes_ = 0;
    double skipped_bytes_ = 0;
    double megapixels_ = 0;
};

}  // namespace

ExitCode run_batch(const BatchOptions& options) {
    const StopSignals signals;
    const JobList list = list_jobs(options);
    if (list.jobs.empty()) {
        for (const std::string& line : list.missing) {
            std::fprintf(stderr, "sisr-batch: %s\n", printable(line).c_str());
        }
        if (!list.missing.empty()) return ExitCode::usage;
        throw Error(ErrorKind::usage, options.inputs.front().string(),
                    options.recursive ? "holds no image"
                                      : "holds no image (--recursive enters sub-folders)");
    }
    const std::vector<Job> jobs =
        options.shard.count == 1 ? list.jobs : take_shard(list.jobs, options.shard);
    Batch batch(options, jobs, signals);
    prepare_output(options);
    return batch.run(list);
}

ExitCode list_installed_models() {
    const auto models = list_models();
    std::printf("%-14s %5s  %-12s %10s %6s  %s\n", "name", "scale", "architecture", "parameters",
                "radius", "trained for");
    for (const ModelInfo& info : models) {
        std::printf("%-14s %5d  %-12s %10zu %6d  %s\n", info.name.c_str(), info.scale,
                    info.architecture.c_str(), info.parameters, info.radius,
                    info.trained_for.c_str());
    }
    if (models.empty()) std::fprintf(stderr, "sisr-batch: no model is installed\n");
    return models.empty() ? ExitCode::usage : ExitCode::done;
}

}  // namespace sisr::cli
