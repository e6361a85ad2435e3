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

/// The option's word.
inline const char* word_of(InputKind kind) {
    switch (kind) {
        case InputKind::clean: return "clean";
        case InputKind::damaged: return "damaged";
        case InputKind::heavily_damaged: return "heavy";
        case InputKind::automatic: break;
    }
    return "auto";
}

}  // namespace sisr::cli
