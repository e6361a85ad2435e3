/// Runs the jobs of a batch.
#pragma once

#include "common/exit_code.h"
#include "options.h"

namespace sisr::cli {

/// Everything from the list of jobs to the summary. A file that fails is a line on stderr and never
/// stops the others. Throws Error for what concerns the whole batch: no job, the model, the output
/// folder.
ExitCode run_batch(const BatchOptions& options);

}  // namespace sisr::cli
