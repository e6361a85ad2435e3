#include "file_job.h"

#include "common/console_progress.h"
#include "common/input_kind.h"
#include "compare.h"
#include "job_source.h"

#include <sisr/error.h>

#include <cstdio>
#include <new>
#include <optional>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

std::string format_size(const ImageShape& shape) {
    return std::to_string(shape.width) + "x" + std::to_string(shape.height);
}

/// The engine's progress in one page as a part of the whole file's.
class PageProgress final : public Progress {
public:
    PageProgress(const JobListener& listener, int page, int pages)
        : listener_(listener), page_(page), pages_(pages) {}
    bool report(double fraction) override {
        return listener_.on_progress((page_ + fraction) / pages_);
    }

private:
    const JobListener& listener_;
    int page_;
    int pages_;
};

/// None when the way is free.
std::optional<JobResult> look_at_existing(const Job& job, Existing existing,
                                          const JobListener& listener) {
    std::error_code status;
    const auto type = fs::status(job.output, status).type();
    const std::string name = job.output.string();
    if (!fs::exists(fs::file_status(type))) return std::nullopt;
    if (type != fs::file_type::regular) {
        return JobResult{Outcome::failed, name + ": exists and is not a file"};
    }
    if (existing == Existing::overwrite) return std::nullopt;
    if (existing == Existing::error) return JobResult{Outcome::failed, name + ": exists already"};
    switch (look_at_file(job.output)) {
        case FileState::whole: break;
        case FileState::cut_off:
            listener.on_note("sisr-batch: " + name + ": exists but is not whole, done again");
            return std::nullopt;
        case FileState::foreign:
            listener.on_note("sisr-batch: " + name +
                             ": exists already but is not a picture, left as it is");
            break;
    }
    return JobResult{Outcome::skipped, name + ": exists already, skipped"};
}

/// Throws Error{io}.
void copy_time(const fs::path& from, const fs::path& to) {
    std::error_code status;
    const auto time = fs::last_write_time(from, status);
    if (!status) fs::last_write_time(to, time, status);
    if (!status) return;
    throw Error(ErrorKind::io, to.string(),
                "cannot be given its input's time (" + status.message() + ")");
}

class FileJob {
public:
    FileJob(const Job& job, const BatchOptions& options, const Upscaler& upscaler,
            const MadeWith& made_with, const JobListener& listener)
        : job_(job),
          options_(options),
          upscaler_(upscaler),
          made_with_(made_with),
          listener_(listener) {}

    JobResult run() const {
        if (auto existing = look_at_existing(job_, options_.existing, listener_)) {
            if (existing->outcome == Outcome::skipped) look_if_stale(*existing);
            return *existing;
        }
        JobSource source(job_, options_);
        if (const auto skipped = look_at_size(source.shape())) return *skipped;
        const ImageShape result = upscaler_.output_shape(source.shape());
        check_can_hold(job_.output, result, source.write_options(result));
        if (options_.dry_run) return describe(result);
        tell_notes(source);
        if (job_.output.has_parent_path()) make_folder(job_.output.parent_path());
        source.prepare();
        const bool is_turned = source.is_turned();
        FileSink sink(job_.output, source.write_options(result));
        const InputKind input = run_pages(source, sink);
        tell_notes(source);
        if (options_.keep_time) copy_time(job_.input, job_.output);
        if (options_.compare) write_compare_sheet(job_.input, job_.output, is_turned);
        made_with_.remember(job_.input, job_.output);
        const std::string taken_for =
            input == InputKind::automatic ? "" : std::string(" (") + word_of(input) + ")";
        return {Outcome::done,
                job_.input.string() + taken_for + " -> " + job_.output.string() + " " +
                    format_size(result),
                result.size(), input};
    }

private:
    /// None unless --only-smaller leaves the picture out.
    std::optional<JobResult> look_at_size(const ImageShape& shape) const {
        if (!options_.only_smaller || upscaler_.scale_for(shape) > 1) return std::nullopt;
        return JobResult{Outcome::skipped, job_.input.string() + ": is " + format_size(shape) +
                                               " pixels already, skipped"};
    }

    void tell_notes(JobSource& source) const {
        for (const std::string& note : source.new_notes()) {
            listener_.on_note("sisr-batch: " + note);
        }
    }

    /// A result that was made otherwise would be taken for this run's.
    void look_if_stale(JobResult& skipped) const {
        const MadeWith::Match match = made_with_.match(job_.input, job_.output);
        const bool is_other = match == MadeWith::Match::other_options ||
                              (match == MadeWith::Match::unknown && has_other_size());
        skipped.is_stale = is_other || match == MadeWith::Match::other_input;
        if (!skipped.is_stale) return;
        skipped.line = "skipped: " + job_.output.string() +
                       (is_other ? " was made with other options"
                                 : " was made before " + job_.input.string() + " was changed") +
                       "; --existing overwrite makes it anew";
    }

    /// What every file tells, wherever it has been.
    bool has_other_size() const {
        try {
            const JobSource source(job_, options_);
            const Size wanted = upscaler_.output_shape(source.shape()).size();
            return !(FileSource(job_.output).shape().size() == wanted);
        } catch (const Error&) {
            return false;  // what cannot be read is told where it is to be done
        }
    }

    JobResult describe(const ImageShape& result) const {
        std::printf("%s -> %s %s\n", printable(job_.input.string()).c_str(),
                    printable(job_.output.string()).c_str(), format_size(result).c_str());
        return {};
    }

    /// Returns what the first one was taken for.
    InputKind run_pages(JobSource& source, FileSink& sink) const {
        InputKind first = InputKind::automatic;
        for (int page = 0; page < source.pages(); ++page) {
            if (page > 0) {
                source.next_page();
                source.prepare();
                sink.set_page(source.write_options(upscaler_.output_shape(source.shape())));
            }
            PageProgress progress(listener_, page, source.pages());
            const InputKind kind = upscaler_.run(source.file(), sink, progress);
            if (page == 0) first = kind;
        }
        return first;
    }

    const Job& job_;
    const BatchOptions& options_;
    const Upscaler& upscaler_;
    const MadeWith& made_with_;
    const JobListener& listener_;
};

}  // namespace

JobResult run_job(const Job& job, const BatchOptions& options, const Upscaler& upscaler,
                  const MadeWith& made_with, const JobListener& listener) {
    const std::string name = job.input.string();
    try {
        if (!job.problem.empty()) return {Outcome::failed, name + ": " + job.problem};
        if (!listener.on_progress(0)) return {Outcome::interrupted, ""};
        return FileJob(job, options, upscaler, made_with, listener).run();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::cancelled) return {Outcome::interrupted, ""};
        // The reason may be about the result or a tile; the line still names the input.
        const bool names_input = error.subject() == name;
        const bool is_full = error.kind() == ErrorKind::no_space;
        return {is_full ? Outcome::no_space : Outcome::failed,
                (names_input ? "" : name + ": ") + error.what()};
    } catch (const std::bad_alloc&) {
        return {Outcome::failed, name + ": not enough memory"};
    } catch (const std::exception& error) {
        return {Outcome::failed, name + ": " + error.what()};
    }
}

}  // namespace sisr::cli
