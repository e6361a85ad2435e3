/// bf16 arithmetic in a scope of code.
#pragma once

#include <ATen/autocast_mode.h>

namespace sisr::training {

/// While alive, convolutions on the CPU compute in bf16; the weights stay fp32. The casts that
/// autocast keeps are dropped at the end: the weights change before the next scope.
class AutocastScope {
public:
    explicit AutocastScope(bool enabled) : enabled_(enabled) {
        if (!enabled_) return;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
        at::autocast::set_autocast_enabled(at::kCPU, true);
        at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
#else
        at::autocast::set_cpu_enabled(true);
        at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
#endif
        at::autocast::increment_nesting();
    }
    ~AutocastScope() {
        if (!enabled_) return;
        if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
        at::autocast::set_autocast_enabled(at::kCPU, false);
#else
        at::autocast::set_cpu_enabled(false);
#endif
    }
    AutocastScope(const AutocastScope&) = delete;
    AutocastScope& operator=(const AutocastScope&) = delete;

private:
    bool enabled_;
};

}  // namespace sisr::training
