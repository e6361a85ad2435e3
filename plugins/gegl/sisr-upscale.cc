/// The GEGL operation sisr:upscale. GEGL loads every operation in every program that uses it, so
/// this module links no libtorch: the bridge opens the core library when the first picture comes.
///
/// When it fails (no core library, a broken model, not enough memory) it says why in a message,
/// leaves the whole result transparent and returns FALSE. It does not pass a plain enlargement
/// through: in a host that shows no message that picture would pass for the real one and be saved,
/// while an empty one cannot; the input is not touched, and undo or removing the filter brings it
/// back. The message goes to the log domain "GEGL" at the level that GIMP puts before the user.
#include <bridge.h>
#include <cmath>
#include <libintl.h>

// gegl-op.h looks the names of enumerators up in it.
#ifndef GETTEXT_PACKAGE
#define GETTEXT_PACKAGE "sisr"
#endif

#ifdef GEGL_PROPERTIES

// clang-format off
enum_start(sisr_upscale_color_lock)
    enum_value(SISR_UPSCALE_COLOR_LOCK_AUTO, "auto", "As the model needs it")
    enum_value(SISR_UPSCALE_COLOR_LOCK_ON, "on", "On")
    enum_value(SISR_UPSCALE_COLOR_LOCK_OFF, "off", "Off")
enum_end(SisrUpscaleColorLock)

enum_start(sisr_upscale_input)
    enum_value(SISR_UPSCALE_INPUT_AUTO, "auto", "As it looks")
    enum_value(SISR_UPSCALE_INPUT_CLEAN, "clean", "Clean")
    enum_value(SISR_UPSCALE_INPUT_DAMAGED, "damaged", "Damaged by JPEG or noise")
    enum_value(SISR_UPSCALE_INPUT_HEAVY, "heavy", "Damaged by much of it")
enum_end(SisrUpscaleInput)

enum_start(sisr_upscale_precision)
    enum_value(SISR_UPSCALE_PRECISION_AUTO, "auto", "Fastest here")
    enum_value(SISR_UPSCALE_PRECISION_FP32, "fp32", "32-bit float")
    enum_value(SISR_UPSCALE_PRECISION_BF16, "bf16", "16-bit bfloat")
enum_end(SisrUpscalePrecision)

property_double(scale, "Scale", SISR_BRIDGE_DEFAULT_SCALE)
    description("How many times wider and higher the result is; 1 restores in place")
    value_range(SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE)
    ui_range(SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE)
    ui_steps(0.5, 1.0)

property_string(model, "Model", SISR_BRIDGE_DEFAULT_MODEL)
    description("Name of an installed model (sisr-batch --list-models), or a model file")

property_double(strength, "Strength", SISR_BRIDGE_MODEL_STRENGTH)
    description("From 0, faithful, to 1, detailed, for models that hold both; "
                "below 0 the model's own")
    value_range(-1.0, 1.0)
    ui_range(-1.0, 1.0)
    ui_steps(0.05, 0.25)

property_enum(color_lock, "Color lock", SisrUpscaleColorLock, sisr_upscale_color_lock,
              SISR_UPSCALE_COLOR_LOCK_AUTO)
    description("Brightness and hue of the result follow the input's")

property_enum(input_is, "Input is", SisrUpscaleInput, sisr_upscale_input, SISR_UPSCALE_INPUT_AUTO)
    description("For models that hold weights of their own for some kinds of pictures")

property_int(memory, "Memory", 0)
    description("For tiles, in megabytes; 0 is the library's default. It changes no pixel")
    value_range(0, 1048576)
    ui_range(0, 16384)
    ui_meta("unit", "megabyte")

property_enum(precision, "Precision", SisrUpscalePrecision, sisr_upscale_precision,
              SISR_UPSCALE_PRECISION_AUTO)
    description("Arithmetic of the network")
// clang-format on

#else

#define GEGL_OP_FILTER
#define GEGL_OP_NAME sisr_upscale
// clang-format off
#define GEGL_OP_C_SOURCE sisr-upscale.cc
// clang-format on

#include <gegl-op.h>

namespace {

constexpr const char* kMessageDomain = "GEGL";

SisrBridgeSettings settings_of(GeglOperation* operation) {
    const GeglProperties* properties = GEGL_PROPERTIES(operation);
    SisrBridgeSettings settings = SISR_BRIDGE_SETTINGS_INIT;
    settings.model = properties->model;
    settings.scale = properties->scale;
    settings.strength = properties->strength;
    settings.color_lock = static_cast<SisrBridgeColorLock>(properties->color_lock);
    settings.input = static_cast<SisrBridgeInput>(properties->input_is);
    settings.memory_mb = properties->memory;
    settings.precision = static_cast<SisrBridgePrecision>(properties->precision);
    return settings;
}

/// Empty when nothing is connected.
GeglRectangle input_box(GeglOperation* operation) {
    const GeglRectangle* box = gegl_operation_source_get_bounding_box(operation, "input");
    return box == nullptr ? GeglRectangle{0, 0, 0, 0} : *box;
}

bool is_infinite(const GeglRectangle& box) { return gegl_rectangle_is_infinite_plane(&box) != 0; }

bool is_cmyk(const Babl* format) {
    return (babl_get_model_flags(babl_format_get_model(format)) & BABL_MODEL_FLAG_CMYK) != 0;
}

int scaled(int position, double scale) {
    return static_cast<int>(std::lround(static_cast<double>(position) * scale));
}

void tell(const char* sentence) {
    g_log(kMessageDomain, G_LOG_LEVEL_MESSAGE, "sisr:upscale: %s", sentence);
}

/// At the first picture of each node, so that a preview that renders often does not repeat it.
void tell_once(GeglOperation* operation, const char* sentence) {
    GeglProperties* properties = GEGL_PROPERTIES(operation);
    if (properties->user_data != nullptr) return;
    properties->user_data = operation;
    tell(sentence);
}

gboolean on_progress(gpointer operation, gdouble fraction) {
    gegl_operation_progress(GEGL_OPERATION(operation), fraction,
                            const_cast<gchar*>("Super-resolution"));
    return TRUE;  // GEGL has no way to say stop
}

}  // namespace

static void prepare(GeglOperation* operation) {
    const Babl* source = gegl_operation_get_source_format(operation, "input");
    const Babl* format = sisr_bridge_working_format(source);
    gegl_operation_set_format(operation, "input", format);
    gegl_operation_set_format(operation, "output", format);
}

/// Arithmetic only: asked for often, and before anything is rendered.
static GeglRectangle get_bounding_box(GeglOperation* operation) {
    const GeglRectangle box = input_box(operation);
    if (gegl_rectangle_is_empty(&box) || is_infinite(box)) return box;
    const SisrBridgeSettings settings = settings_of(operation);
    GeglRectangle result{scaled(box.x, settings.scale), scaled(box.y, settings.scale), 0, 0};
    const gboolean fits = sisr_bridge_output_size(&settings, box.width, box.height, &result.width,
                                                  &result.height, nullptr);
    return fits ? result : box;
}

static GeglRectangle get_required_for_output(GeglOperation* operation, const gchar* /*pad*/,
                                             const GeglRectangle* roi) {
    const GeglRectangle box = input_box(operation);
    return is_infinite(box) ? *roi : box;
}

static GeglRectangle get_invalidated_by_change(GeglOperation* operation, const gchar* /*pad*/,
                                               const GeglRectangle* roi) {
    return is_infinite(input_box(operation)) ? *roi : get_bounding_box(operation);
}

static GeglRectangle get_cached_region(GeglOperation* operation, const GeglRectangle* roi) {
    return is_infinite(input_box(operation)) ? *roi : get_bounding_box(operation);
}

static gboolean process(GeglOperation* operation, GeglBuffer* input, GeglBuffer* output,
                        const GeglRectangle* roi, gint /*level*/) {
    const Babl* source = gegl_operation_get_source_format(operation, "input");
    if (source != nullptr && is_cmyk(source)) {
        tell_once(operation, "CMYK is not supported, the result is RGB");
    }
    const GeglRectangle box = input_box(operation);
    const GeglRectangle result = get_bounding_box(operation);
    const SisrBridgeSettings settings = settings_of(operation);
    GError* error = nullptr;
    if (sisr_bridge_upscale(input, &box, output, result.x, result.y, &settings, on_progress,
                            operation, &error)) {
        return TRUE;
    }
    tell(error->message);
    g_error_free(error);
    gegl_buffer_clear(output, roi);
    return FALSE;
}

static gboolean operation_process(GeglOperation* operation, GeglOperationContext* context,
                                  const gchar* output_pad, const GeglRectangle* roi, gint level) {
    const GeglRectangle box = input_box(operation);
    if (!gegl_rectangle_is_empty(&box) && !is_infinite(box)) {
        auto* parent = GEGL_OPERATION_CLASS(gegl_op_parent_class);
        return parent->process(operation, context, output_pad, roi, level);
    }
    if (is_infinite(box)) {
        tell_once(operation, "an infinite plane is passed through; crop it first");
    }
    GObject* input = gegl_operation_context_get_object(context, "input");
    if (input != nullptr) {
        gegl_operation_context_take_object(context, "output", G_OBJECT(g_object_ref(input)));
    }
    return TRUE;
}

static void gegl_op_class_init(GeglOpClass* klass) {
    auto* operation_class = GEGL_OPERATION_CLASS(klass);
    auto* filter_class = GEGL_OPERATION_FILTER_CLASS(klass);

    operation_class->prepare = prepare;
    operation_class->process = operation_process;
    operation_class->get_bounding_box = get_bounding_box;
    operation_class->get_required_for_output = get_required_for_output;
    operation_class->get_invalidated_by_change = get_invalidated_by_change;
    operation_class->get_cached_region = get_cached_region;
    operation_class->threaded = FALSE;  // else one run for each thread's part of the picture
    operation_class->opencl_support = FALSE;
    operation_class->want_in_place = FALSE;
    operation_class->cache_policy = GEGL_CACHE_POLICY_ALWAYS;  // rendering in parts runs once
    filter_class->process = process;

    // clang-format off
    gegl_operation_class_set_keys(operation_class,
        "name", "sisr:upscale",
        "title", "Super-Resolution",
        "categories", "enhance",
        "description", "Enlarges photographs by a trained network, from 1 to 8 times: finer than "
                       "interpolation, without seams, with brightness and hue kept",
        "reference", "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a "
                     "Generative Adversarial Network, CVPR 2017",
        "gimp:menu-path", "<Image>/Filters/Enhance",
        "gimp:menu-label", "Super-Resolution (_Layer Filter)...",
        nullptr);
    // clang-format on
}

#endif
