/// What is done to one file of a batch.
#pragma once

#include "jobs.h"
#include "made_with.h"
#include "options.h"

#include <sisr/image.h>
#include <sisr/progress.h>
#include <sisr/upscaler.h>

#include <functional>
#include <string>

namespace sisr::cli {

/// no_space: failed since the disk is full, as all that follows would.
enum class Outcome { done, skipped, failed, interrupted, no_space };

struct JobResult {
    Outcome outcome = Outcome::done;
    std::string line;  ///< what went wrong, what was made, or why it was skipped
    Size size{};       ///< of the result
    /// What the (first) picture was taken for; `automatic` where the model does not tell.
    InputKind input = InputKind::automatic;
    bool is_stale = false;  ///< skipped, although this run would make another result
};

/// What one file's work tells while it goes on; called from the thread that does it.
struct JobListener {
    std::function<void(const std::string& line)> on_note;
    std::function<bool(double fraction)> on_progress;  ///< false: stop
};

/// Reads, enlarges and writes one file, or with --dry-run tells what it would do. Never throws:
/// what happens to one file is a value. May run in several threads at once with one upscaler.
/// made_with: of the options and the upscaler's model.
JobResult run_job(const Job& job, const BatchOptions& options, const Upscaler& upscaler,
                  const MadeWith& made_with, const JobListener& listener);

}  // namespace sisr::cli
