#include "batch.h"
#include "common/allocator.h"
#include "common/console_progress.h"
#include "common/signals.h"
#include "list_models.h"
#include "options.h"
#include "report.h"

#include <sisr/error.h>

#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

using namespace sisr::cli;

ExitCode run(int argc, char** argv) {
    const auto request = parse_options(argc, argv);
    if (const auto* print = std::get_if<PrintText>(&request)) {
        std::fputs(print->text.c_str(), stdout);
        return ExitCode::done;
    }
    if (const auto* list = std::get_if<ListModels>(&request)) {
        return list_installed_models(list->as_json);
    }
    if (const auto* merge = std::get_if<MergeReports>(&request)) {
        const BatchReport report = merge_reports(merge->reports);
        write_report(merge->output, report);
        return is_complete(report) ? ExitCode::done : ExitCode::some_failed;
    }
    return run_batch(std::get<BatchOptions>(request));
}

}  // namespace

int main(int argc, char** argv) {
    keep_freed_memory();
    let_large_files_fail();
    try {
        const ExitCode code = run(argc, argv);
        // All files are closed. What the libraries' threads still do while statics are destroyed
        // must not make a failure of it.
        if (std::fflush(stdout) == 0) std::_Exit(to_int(code));
        std::fputs("sisr-batch: standard output: cannot be written\n", stderr);
    } catch (const sisr::Error& error) {
        // Whatever comes this far concerns the whole batch: options, model, output folder.
        std::fprintf(stderr, "sisr-batch: %s\n", printable(error.what()).c_str());
        return to_int(ExitCode::usage);
    } catch (const std::bad_alloc&) {
        std::fputs("sisr-batch: not enough memory\n", stderr);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sisr-batch: %s\n", printable(error.what()).c_str());
    } catch (...) {
        std::fputs("sisr-batch: an unknown fault\n", stderr);
    }
    return to_int(ExitCode::some_failed);
}
