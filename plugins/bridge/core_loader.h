/// The core library, opened at run time.
#pragma once

#include <sisr/sisr.h>

#include <string>

namespace sisr::bridge {

/// The C functions of libsisr; see sisr.h.
struct Core {
    decltype(&sisr_abi_version) abi_version = nullptr;
    decltype(&sisr_upscaler_create) upscaler_create = nullptr;
    decltype(&sisr_upscaler_output_shape) upscaler_output_shape = nullptr;
    decltype(&sisr_upscaler_run) upscaler_run = nullptr;
    decltype(&sisr_upscaler_judge) upscaler_judge = nullptr;
    decltype(&sisr_upscaler_destroy) upscaler_destroy = nullptr;
    decltype(&sisr_visit_models) visit_models = nullptr;
    decltype(&sisr_find_model) find_model = nullptr;
    decltype(&sisr_string_free) string_free = nullptr;
};

/// Opens libsisr at the first call (half a second) and never closes it, since libtorch does not
/// survive being unloaded. Null on failure with a sentence in `reason`; the next call tries again.
/// Looks at the file that $SISR_LIBRARY names and nowhere else; without it near the host's module,
/// in ~/.local/lib, in the prefix of the build, and where the system's loader looks.
const Core* load_core(std::string& reason);

}  // namespace sisr::bridge
