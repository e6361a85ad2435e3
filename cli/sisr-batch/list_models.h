/// The models that are installed.
#pragma once

#include "common/exit_code.h"

namespace sisr::cli {

/// On stdout: a table for people, or, for programs, a JSON array of objects. Only headers of files
/// are read. ExitCode::usage where there is none.
ExitCode list_installed_models(bool as_json);

}  // namespace sisr::cli
