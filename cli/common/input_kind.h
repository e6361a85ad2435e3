/// The option --input-is of all commands that enlarge.
#pragma once

#include "common/option_values.h"

#include <sisr/upscaler.h>

namespace sisr::cli {

/// Throws Error{usage}.
inline InputKind read_input_kind(const OptionValues& values) {
    return values.choice<InputKind>("input-is", {{"auto", InputKind::automatic},
                                                 {"clean", InputKind::clean},
                                                 {"damaged", InputKind::damaged},
                                                 {"heavy", InputKind::heavily_damaged}});
}

}  // namespace sisr::cli
