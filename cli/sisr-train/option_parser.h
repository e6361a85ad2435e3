/// Boost.Program_options, as each command of sisr-train uses it.
#pragma once

#include "commands.h"

#include <boost/program_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sisr::cli {

/// Parses the words, then the INI file that --config names, which loses against the words.
/// Returns nothing when --help was asked for and printed. `positional` names the options that
/// bare words go to: one each, the last takes all that are left. Throws Error{usage}.
std::optional<boost::program_options::variables_map> parse_arguments(
    const std::string& command, const std::string& synopsis,
    boost::program_options::options_description options, const Arguments& arguments,
    const std::vector<std::string>& positional = {});

/// The values as an INI file that --config reads, without those that name a run.
std::string format_recipe(const boost::program_options::variables_map& values);

}  // namespace sisr::cli
