/// A run as a page to look at.
#pragma once

#include <filesystem>

namespace sisr::training {

/// Makes <run_folder>/report.html of log.jsonl and of samples/step-<step>-crop-<number>.png (input,
/// result and truth side by side): curves, last values, warnings, pictures. One file that loads
/// nothing and runs no script. Throws Error{io} when the log cannot be read or the page not
/// written.
void write_report(const std::filesystem::path& run_folder);

}  // namespace sisr::training
