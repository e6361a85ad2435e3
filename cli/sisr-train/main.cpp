#include "commands.h"
#include "common/allocator.h"
#include "common/console_progress.h"
#include "common/signals.h"

#include <sisr/error.h>

#include <cstdio>
#include <cstring>
#include <exception>

namespace {

using namespace sisr::cli;

struct Command {
    const char* name;
    const char* summary;
    ExitCode (*run)(const Arguments&);
};

constexpr Command kCommands[] = {
    {"pack", "decode and audit photographs once, into one file to train from", run_pack},
    {"pretrain", "train a generator on the mean absolute error (stage 1)", run_pretrain},
    {"gan", "train on with a discriminator and perceptual loss (stage 2)", run_gan},
    {"eval", "measure a model on images of known truth", run_eval},
    {"degrade", "show what a degradation makes of photographs", run_degrade},
    {"inspect", "tell what a model file is", run_inspect},
    {"export", "make a model file from a run or a checkpoint", run_export},
    {"mix", "add the weights of models, each times a factor", run_mix},
    {"judge", "fit how a model tells which of its weights suit a picture", run_judge},
};

void print_usage(std::FILE* stream) {
    std::fputs("usage: sisr-train COMMAND [options]\n\ncommands:\n", stream);
    for (const Command& command : kCommands) {
        std::fprintf(stream, "  %-9s %s\n", command.name, command.summary);
    }
    std::fputs(
        "\nsisr-train COMMAND --help tells the options of a command.\n"
        "Exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted (a run can be resumed).\n",
        stream);
}

ExitCode dispatch(int argc, char** argv) {
    const std::string name = argc > 1 ? argv[1] : "";
    if (name == "--help" || name == "-h") {
        print_usage(stdout);
        return ExitCode::done;
    }
    if (name == "--version") {
        std::puts("sisr-train " SISR_VERSION);
        return ExitCode::done;
    }
    for (const Command& command : kCommands) {
        if (name == command.name) return command.run(Arguments(argv + 2, argv + argc));
    }
    if (name.empty()) {
        print_usage(stderr);
        return ExitCode::usage;
    }
    throw sisr::Error(sisr::ErrorKind::usage, name, "is no command; see sisr-train --help");
}

}  // namespace

int main(int argc, char** argv) {
    keep_all_freed_memory();
    let_large_files_fail();
    try {
        return to_int(dispatch(argc, argv));
    } catch (const sisr::Error& error) {
        std::fprintf(stderr, "sisr-train: %s\n", printable(error.what()).c_str());
        const auto kind = error.kind();
        const bool is_usage = kind == sisr::ErrorKind::usage ||
                              kind == sisr::ErrorKind::not_found ||
                              kind == sisr::ErrorKind::bad_model;
        return to_int(is_usage ? ExitCode::usage : ExitCode::some_failed);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sisr-train: %s\n", printable(error.what()).c_str());
        return to_int(ExitCode::some_failed);
    }
}
