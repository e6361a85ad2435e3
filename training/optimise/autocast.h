/// bf16 arithmetic in a scope of code.
#pragma once

#include <torch/torch.h>

#include <ATen/autocast_mode.h>

namespace sisr::training {

/// While alive, convolutions on the device compute in bf16; the weights stay fp32. The casts that
/// autocast keeps are dropped at the end: the weights change before the next scope.
class AutocastScope {
public:
    AutocastScope(bool enabled, torch::Device device) : enabled_(enabled), device_(device.type()) {
        if (!enabled_) return;
        switch_to(true);
        at::autocast::increment_nesting();
    }
    ~AutocastScope() {
        if (!enabled_) return;
        if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
        switch_to(false);
    }
    AutocastScope(const AutocastScope&) = delete;
    AutocastScope& operator=(const AutocastScope&) = delete;

private:
    void switch_to(bool on) const {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
        at::autocast::set_autocast_enabled(device_, on);
        at::autocast::set_autocast_dtype(device_, at::kBFloat16);
#else
        if (device_ == torch::kCPU) {
            at::autocast::set_cpu_enabled(on);
            at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
        } else {
            at::autocast::set_enabled(on);
            at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
        }
#endif
    }

    bool enabled_;
    torch::DeviceType device_;
};

}  // namespace sisr::training
