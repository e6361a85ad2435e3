/// Upscalers that were used last, so that a host that renders again does not read the model again.
#pragma once

#include "bridge.h"
#include "core_loader.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace sisr::bridge {

/// What an upscaler is made from. A model file that was overwritten makes another key.
struct UpscalerKey {
    explicit UpscalerKey(const SisrBridgeSettings& settings);
    bool operator==(const UpscalerKey& other) const;

    std::string model;  ///< empty: the default
    std::int64_t file_time = 0;
    SisrBridgeSettings settings;  ///< its `model` is null
};

/// Returns to the pool when it is let go.
using PooledUpscaler = std::unique_ptr<sisr_upscaler, std::function<void(sisr_upscaler*)>>;

/// An upscaler for the caller alone: one run at a time is the core's rule, and a lock held over a
/// run could wait for itself, since hosts render from within reads and progress reports. Null with
/// `status` and a sentence in `reason` on failure.
PooledUpscaler take_upscaler(const Core& core, const UpscalerKey& key, sisr_status& status,
                             std::string& reason);

/// Text that the core has made, freed.
std::string take_message(const Core& core, char* message);

}  // namespace sisr::bridge
