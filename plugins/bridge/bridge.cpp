#include "bridge.h"

#include "buffer_room.h"
#include "core_loader.h"
#include "gegl_rows.h"
#include "upscaler_pool.h"

#include <algorithm>
#include <cmath>
#include <new>

using namespace sisr::bridge;

namespace {

constexpr double kMaxSide = 1 << 24;

int to_code(sisr_status status) {
    switch (status) {
        case SISR_CANCELLED: return SISR_BRIDGE_ERROR_CANCELLED;
        case SISR_ERROR_USAGE: return SISR_BRIDGE_ERROR_SETTINGS;
        case SISR_ERROR_NOT_FOUND:
        case SISR_ERROR_BAD_MODEL: return SISR_BRIDGE_ERROR_MODEL;
        case SISR_ERROR_UNSUPPORTED: return SISR_BRIDGE_ERROR_TOO_LARGE;
        case SISR_ERROR_OUT_OF_MEMORY: return SISR_BRIDGE_ERROR_OUT_OF_MEMORY;
        default: return SISR_BRIDGE_ERROR_FAILED;
    }
}

gboolean fail(GError** error, int code, const std::string& sentence) {
    g_set_error_literal(error, SISR_BRIDGE_ERROR, code, sentence.c_str());
    return FALSE;
}

/// The host is C: no exception may pass.
template <class Result, class Work>
Result guarded(GError** error, Result failed, Work&& work) noexcept {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        fail(error, SISR_BRIDGE_ERROR_OUT_OF_MEMORY, "not enough memory");
    } catch (const std::exception& exception) {
        fail(error, SISR_BRIDGE_ERROR_FAILED, exception.what());
    } catch (...) {
        fail(error, SISR_BRIDGE_ERROR_FAILED, "unknown error");
    }
    return failed;
}

const Core* require_core(GError** error) {
    std::string reason;
    const Core* core = load_core(reason);
    if (core == nullptr) fail(error, SISR_BRIDGE_ERROR_NO_LIBRARY, reason);
    return core;
}

const SisrBridgeSettings& or_defaults(const SisrBridgeSettings* settings) {
    static const SisrBridgeSettings defaults = SISR_BRIDGE_SETTINGS_INIT;
    return settings == nullptr ? defaults : *settings;
}

gboolean check(const SisrBridgeSettings& settings, GError** error) {
    const auto refuse = [error](const char* sentence) {
        return fail(error, SISR_BRIDGE_ERROR_SETTINGS, sentence);
    };
    const bool by_size = settings.width != 0 || settings.height != 0;
    if (settings.width < 0 || settings.height < 0) return refuse("size: must not be negative");
    // Written so that NaN fails.
    if (!by_size &&
        !(settings.scale >= SISR_BRIDGE_MIN_SCALE && settings.scale <= SISR_BRIDGE_MAX_SCALE)) {
        return refuse("scale: must be a number from 1 to 8");
    }
    if (!(settings.strength <= 1)) return refuse("strength: must be from 0 to 1");
    if (settings.memory_mb < 0) return refuse("memory: must not be negative");
    if (settings.tile < 0) return refuse("tile: must not be negative");
    return TRUE;
}

struct ProgressCall {
    SisrBridgeProgress function;
    gpointer user;
};

int report(void* user, double fraction) {
    const auto& call = *static_cast<const ProgressCall*>(user);
    return call.function(call.user, fraction) ? 1 : 0;
}

PooledUpscaler require_upscaler(const Core& core, const SisrBridgeSettings& settings,
                                GError** error) {
    sisr_status status = SISR_OK;
    std::string reason;
    PooledUpscaler upscaler = take_upscaler(core, UpscalerKey(settings), status, reason);
    if (!upscaler) {
        const bool is_file = status == SISR_ERROR_IO;
        fail(error, is_file ? SISR_BRIDGE_ERROR_MODEL : to_code(status), reason);
    }
    return upscaler;
}

gboolean run(const Core& core, BufferRows& in, int in_height, BufferRows& out,
             const SisrBridgeSettings& settings, ProgressCall progress, GError** error) {
    const PooledUpscaler upscaler = require_upscaler(core, settings, error);
    if (!upscaler) return FALSE;
    const sisr_source source = source_of(in, in_height);
    const sisr_sink sink = sink_of(out);
    char* message = nullptr;
    const sisr_status status =
        core.upscaler_run(upscaler.get(), &source, &sink,
                          progress.function == nullptr ? nullptr : report, &progress, &message);
    if (status == SISR_OK) return TRUE;
    const std::string reason = take_message(core, message);
    if (out.lacks_memory) {
        return fail(error, to_code(SISR_ERROR_OUT_OF_MEMORY), "result: not enough memory for it");
    }
    return fail(error, to_code(status), reason);
}

SisrBridgeModel* new_model(const sisr_model_info* info) {
    auto* model = g_new0(SisrBridgeModel, 1);
    model->name = g_strdup(info->name);
    model->trained_for = g_strdup(info->trained_for);
    model->scale = info->scale;
    model->has_strength = info->has_strength;
    model->default_strength = info->default_strength;
    model->locks_colour = info->locks_colour;
    gchar* users = sisr_bridge_user_models();
    model->is_users = g_str_has_prefix(info->path, users);
    g_free(users);
    return model;
}

}  // namespace

GQuark sisr_bridge_error_quark(void) {
    return g_quark_from_static_string("sisr-bridge-error-quark");
}

const Babl* sisr_bridge_working_format(const Babl* source) { return working_format(source); }

gboolean sisr_bridge_output_size(const SisrBridgeSettings* given, gint input_width,
                                 gint input_height, gint* width, gint* height, GError** error) {
    const SisrBridgeSettings& settings = or_defaults(given);
    if (!check(settings, error)) return FALSE;
    if (input_width < 1 || input_height < 1) {
        return fail(error, SISR_BRIDGE_ERROR_SETTINGS, "image: has no pixels");
    }
    double wide = settings.width;
    double high = settings.height;
    // As sisr::Upscaler::output_shape does it, and a test holds them together.
    const bool by_size = settings.width != 0 || settings.height != 0;
    const double scale =
        by_size ? std::max(wide / input_width, high / input_height) : settings.scale;
    if (wide == 0) wide = std::max(1.0, std::round(input_width * scale));
    if (high == 0) high = std::max(1.0, std::round(input_height * scale));
    if (std::max(wide, high) > kMaxSide) {
        return fail(error, SISR_BRIDGE_ERROR_TOO_LARGE,
                    "size: the result would be over 16,777,216 pixels wide or high");
    }
    *width = static_cast<gint>(wide);
    *height = static_cast<gint>(high);
    return TRUE;
}

gboolean sisr_bridge_upscale(GeglBuffer* input, const GeglRectangle* input_area, GeglBuffer* output,
                             gint output_x, gint output_y, const SisrBridgeSettings* given,
                             SisrBridgeProgress progress, gpointer user, GError** error) {
    return guarded<gboolean>(error, FALSE, [&] {
        const SisrBridgeSettings& settings = or_defaults(given);
        const GeglRectangle area =
            input_area == nullptr ? *gegl_buffer_get_extent(input) : *input_area;
        GeglRectangle result{output_x, output_y, 0, 0};
        if (!sisr_bridge_output_size(&settings, area.width, area.height, &result.width,
                                     &result.height, error)) {
            return FALSE;
        }
        if (const auto reason = lack_of_room(output, result); !reason.empty()) {
            return fail(error, SISR_BRIDGE_ERROR_TOO_LARGE, reason);
        }
        const Core* core = require_core(error);
        if (core == nullptr) return FALSE;
        const Babl* format = working_format(gegl_buffer_get_format(input));
        BufferRows in{input, format, area.x, area.y, area.width};
        BufferRows out{output, format, result.x, result.y, result.width};
        return run(*core, in, area.height, out, settings, {progress, user}, error);
    });
}

gboolean sisr_bridge_judge(GeglBuffer* input, const GeglRectangle* input_area,
                           const SisrBridgeSettings* given, SisrBridgeInput* kind, GError** error) {
    return guarded<gboolean>(error, FALSE, [&]() -> gboolean {
        const SisrBridgeSettings& settings = or_defaults(given);
        const GeglRectangle area =
            input_area == nullptr ? *gegl_buffer_get_extent(input) : *input_area;
        gint width = 0;
        gint height = 0;
        if (!sisr_bridge_output_size(&settings, area.width, area.height, &width, &height, error)) {
            return FALSE;
        }
        const Core* core = require_core(error);
        if (core == nullptr) return FALSE;
        const PooledUpscaler upscaler = require_upscaler(*core, settings, error);
        if (!upscaler) return FALSE;
        BufferRows rows{input, working_format(gegl_buffer_get_format(input)), area.x, area.y,
                        area.width};
        const sisr_source source = source_of(rows, area.height);
        sisr_input judged = SISR_INPUT_AUTO;
        char* message = nullptr;
        const sisr_status status = core->upscaler_judge(upscaler.get(), &source, &judged, &message);
        if (status != SISR_OK) return fail(error, to_code(status), take_message(*core, message));
        *kind = static_cast<SisrBridgeInput>(judged);
        return TRUE;
    });
}

gboolean sisr_bridge_has_room(guint64 bytes, GError** error) {
    return guarded<gboolean>(error, FALSE, [&] {
        const std::string lack = lack_of_room(bytes);
        return lack.empty() ? TRUE
                            : fail(error, SISR_BRIDGE_ERROR_TOO_LARGE, "size: the result " + lack);
    });
}

GPtrArray* sisr_bridge_list_models(GError** error) {
    return guarded<GPtrArray*>(error, nullptr, [&]() -> GPtrArray* {
        const Core* core = require_core(error);
        if (core == nullptr) return nullptr;
        GPtrArray* models = g_ptr_array_new_with_free_func(
            [](gpointer model) { sisr_bridge_model_free(static_cast<SisrBridgeModel*>(model)); });
        const auto add = [](void* user, const sisr_model_info* info) {
            g_ptr_array_add(static_cast<GPtrArray*>(user), new_model(info));
        };
        char* message = nullptr;
        const sisr_status status = core->visit_models(add, models, &message);
        if (status == SISR_OK) return models;
        fail(error, to_code(status), take_message(*core, message));
        g_ptr_array_unref(models);
        return nullptr;
    });
}

SisrBridgeModel* sisr_bridge_find_model(const gchar* name, gdouble scale, GError** error) {
    return guarded<SisrBridgeModel*>(error, nullptr, [&]() -> SisrBridgeModel* {
        const Core* core = require_core(error);
        if (core == nullptr) return nullptr;
        SisrBridgeModel* model = nullptr;
        const auto keep = [](void* user, const sisr_model_info* info) {
            *static_cast<SisrBridgeModel**>(user) = new_model(info);
        };
        char* message = nullptr;
        const bool is_default = name == nullptr || *name == '\0';
        const sisr_status status =
            core->find_model(is_default ? nullptr : name, scale, keep, &model, &message);
        if (status != SISR_OK) fail(error, to_code(status), take_message(*core, message));
        return model;
    });
}

gchar* sisr_bridge_user_models(void) {
    return g_build_filename(g_get_user_data_dir(), "sisr", "models", nullptr);
}

void sisr_bridge_model_free(SisrBridgeModel* model) {
    if (model == nullptr) return;
    g_free(model->name);
    g_free(model->trained_for);
    g_free(model);
}
