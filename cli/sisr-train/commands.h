/// The commands of sisr-train. Each takes the words behind its name, prints its help when asked,
/// and throws Error{usage} for what it does not understand.
#pragma once

#include "common/exit_code.h"

#include <string>
#include <vector>

namespace sisr::cli {

using Arguments = std::vector<std::string>;

ExitCode run_pack(const Arguments& arguments);
ExitCode run_pretrain(const Arguments& arguments);
ExitCode run_degrade(const Arguments& arguments);
ExitCode run_eval(const Arguments& arguments);
ExitCode run_gan(const Arguments& arguments);
ExitCode run_inspect(const Arguments& arguments);
ExitCode run_export(const Arguments& arguments);
ExitCode run_mix(const Arguments& arguments);
ExitCode run_judge(const Arguments& arguments);

}  // namespace sisr::cli
