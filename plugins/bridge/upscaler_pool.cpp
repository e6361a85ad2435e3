#include "upscaler_pool.h"

#include <filesystem>
#include <list>
#include <mutex>
#include <tuple>
#include <utility>

namespace sisr::bridge {
namespace {

// A host's preview and its final rendering, say.
constexpr std::size_t kIdle = 2;

struct Idle {
    UpscalerKey key;
    sisr_upscaler* upscaler;
};

struct Pool {
    std::mutex mutex;
    std::list<Idle> idle;  ///< the one used last is first
};

/// Never destroyed: at exit libtorch's own state may be gone already.
Pool& pool() {
    static Pool& instance = *new Pool;
    return instance;
}

void give_back(const Core& core, const UpscalerKey& key, sisr_upscaler* upscaler) {
    std::list<Idle> dropped;
    {
        const std::lock_guard<std::mutex> lock(pool().mutex);
        auto& idle = pool().idle;
        idle.push_front({key, upscaler});
        while (idle.size() > kIdle) dropped.splice(dropped.end(), idle, std::prev(idle.end()));
    }
    for (const Idle& old : dropped) core.upscaler_destroy(old.upscaler);
}

sisr_upscaler* take_idle(const UpscalerKey& key) {
    const std::lock_guard<std::mutex> lock(pool().mutex);
    auto& idle = pool().idle;
    for (auto item = idle.begin(); item != idle.end(); ++item) {
        if (!(item->key == key)) continue;
        sisr_upscaler* upscaler = item->upscaler;
        idle.erase(item);
        return upscaler;
    }
    return nullptr;
}

std::int64_t time_of(const std::string& file) {
    std::error_code status;
    const auto time = std::filesystem::last_write_time(file, status);
    return status ? 0 : static_cast<std::int64_t>(time.time_since_epoch().count());
}

// One list in two headers, of which hosts see only the bridge's.
static_assert(int{SISR_INPUT_AUTO} == int{SISR_BRIDGE_INPUT_AUTO});
static_assert(int{SISR_INPUT_CLEAN} == int{SISR_BRIDGE_INPUT_CLEAN});
static_assert(int{SISR_INPUT_DAMAGED} == int{SISR_BRIDGE_INPUT_DAMAGED});
static_assert(int{SISR_INPUT_HEAVILY_DAMAGED} == int{SISR_BRIDGE_INPUT_HEAVILY_DAMAGED});

sisr_options options_of(const SisrBridgeSettings& settings) {
    sisr_options options{};
    options.struct_size = sizeof options;
    options.width = settings.width;
    options.height = settings.height;
    options.scale = settings.scale;
    options.memory_bytes = static_cast<std::size_t>(settings.memory_mb) << 20;
    options.tile = settings.tile;
    options.has_strength = settings.strength >= 0 ? 1 : 0;
    options.strength = options.has_strength != 0 ? settings.strength : 0;
    if (settings.color_lock == SISR_BRIDGE_COLOR_LOCK_ON) options.colour_lock = 1;
    if (settings.color_lock == SISR_BRIDGE_COLOR_LOCK_OFF) options.colour_lock = -1;
    options.input = static_cast<sisr_input>(settings.input);
    if (settings.precision == SISR_BRIDGE_PRECISION_FP32) options.precision = SISR_PRECISION_FP32;
    if (settings.precision == SISR_BRIDGE_PRECISION_BF16) options.precision = SISR_PRECISION_BF16;
    return options;
}

}  // namespace

UpscalerKey::UpscalerKey(const SisrBridgeSettings& given)
    : model(given.model == nullptr ? "" : given.model), settings(given) {
    settings.model = nullptr;
    if (model.find('/') != std::string::npos) file_time = time_of(model);
}

bool UpscalerKey::operator==(const UpscalerKey& other) const {
    const auto fields = [](const UpscalerKey& key) {
        const SisrBridgeSettings& s = key.settings;
        return std::make_tuple(key.model, key.file_time, s.scale, s.width, s.height, s.strength,
                               s.color_lock, s.memory_mb, s.precision, s.tile, s.input);
    };
    return fields(*this) == fields(other);
}

std::string take_message(const Core& core, char* message) {
    if (message == nullptr) return "not enough memory";
    std::string text = message;
    core.string_free(message);
    return text;
}

PooledUpscaler take_upscaler(const Core& core, const UpscalerKey& key, sisr_status& status,
                             std::string& reason) {
    status = SISR_OK;
    sisr_upscaler* upscaler = take_idle(key);
    if (upscaler == nullptr) {
        const sisr_options options = options_of(key.settings);
        const char* model = key.model.empty() ? nullptr : key.model.c_str();
        char* message = nullptr;
        status = core.upscaler_create(model, &options, &upscaler, &message);
        if (status != SISR_OK) {
            reason = take_message(core, message);
            upscaler = nullptr;
        }
    }
    return {upscaler, [&core, key](sisr_upscaler* used) { give_back(core, key, used); }};
}

}  // namespace sisr::bridge
