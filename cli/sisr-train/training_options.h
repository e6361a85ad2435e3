/// The options that both stages of training share.
#pragma once

#include "common/exit_code.h"
#include "common/option_values.h"
#include "optimise/generator.h"
#include "run/run.h"

#include <boost/program_options.hpp>

#include <string>

namespace sisr::cli {

/// An option with a value: "text" shows `value_name`, "preset" has a default.
boost::program_options::typed_value<std::string>* text_option(const char* value_name);
boost::program_options::typed_value<std::string>* preset_option(const char* value,
                                                                const char* value_name = "N");

/// What differs between the stages unless it is given.
struct StageDefaults {
    const char* iterations;
    const char* rate;
    const char* flat_retries;
};

/// Data, run folder, batches, schedule, checkpoints: all but the network and the losses.
boost::program_options::options_description describe_training_options(
    const StageDefaults& defaults);

/// Fills all but the network and the stage. Throws Error{usage}.
training::RunOptions make_run_options(const boost::program_options::variables_map& map);

/// A count of steps.
std::int64_t step_count(const OptionValues& values, const char* name, std::int64_t least = 1);

/// The generator's part of the options, without its initial weights.
training::GeneratorOptions make_generator_options(const OptionValues& values);

/// Runs with SIGINT and SIGTERM as a request to save and stop, and the run's progress on stdout.
ExitCode run_and_report(const training::RunOptions& options,
                        const training::ObjectiveMaker& make_objective);

}  // namespace sisr::cli
