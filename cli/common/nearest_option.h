/// A wrong option's line, with the right one in it.
#pragma once

#include <boost/program_options.hpp>

#include <string>

namespace sisr::cli {

/// What the parser says; for an unknown option with the nearest one that there is, if any is near.
std::string explain(const boost::program_options::error& error,
                    const boost::program_options::options_description& options);

}  // namespace sisr::cli
