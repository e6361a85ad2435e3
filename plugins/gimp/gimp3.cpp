/// The procedure for GIMP 3.
#include "handles.h"
#include "run.h"

#include <libgimp/gimp.h>

namespace sisr::gimp {
namespace {

Settings settings_from(GimpProcedureConfig* config) {
    Settings settings;
    gchar* model = nullptr;
    gboolean keep = TRUE;
    g_object_get(config, "model", &model, "scale", &settings.scale, "width", &settings.width,
                 "height", &settings.height, "strength", &settings.strength, "keep-print-size",
                 &keep, nullptr);
    settings.model = model == nullptr ? "" : model;
    g_free(model);
    settings.keep_print_size = keep != FALSE;
    settings.mode = static_cast<Mode>(gimp_procedure_config_get_choice_id(config, "mode"));
    settings.colour_lock =
        static_cast<SisrBridgeColorLock>(gimp_procedure_config_get_choice_id(config, "color-lock"));
    settings.input =
        static_cast<SisrBridgeInput>(gimp_procedure_config_get_choice_id(config, "input-is"));
    return settings;
}

/// What GIMP itself keeps of a run that succeeded, beside our own keeping of all of them.
void store(const Settings& settings, GimpProcedureConfig* config) {
    g_object_set(config, "model", settings.model.c_str(), "scale", settings.scale, "width",
                 settings.width, "height", settings.height, "strength", settings.strength,
                 "keep-print-size", settings.keep_print_size ? TRUE : FALSE, "mode",
                 kModeNames[static_cast<int>(settings.mode)], "color-lock",
                 kColourLockNames[settings.colour_lock], "input-is", kInputNames[settings.input],
                 nullptr);
}

GimpValueArray* run_procedure(GimpProcedure* procedure, GimpRunMode run_mode, GimpImage* image,
                              GimpDrawable** drawables, GimpProcedureConfig* config,
                              gpointer /*user*/) {
    gegl_init(nullptr, nullptr);
    take_errors_over();
    Selection selection{id_of(image), {}};
    for (GimpDrawable** one = drawables; one != nullptr && *one != nullptr; ++one) {
        selection.drawables.push_back(id_of(*one));
    }
    Settings settings = settings_from(config);
    const Ask ask = run_mode == GIMP_RUN_INTERACTIVE      ? Ask::user
                    : run_mode == GIMP_RUN_WITH_LAST_VALS ? Ask::last_time
                                                          : Ask::nobody;
    const Outcome outcome = run(selection, settings, ask);
    if (outcome.kind == Outcome::Kind::cancelled) {
        return gimp_procedure_new_return_values(procedure, GIMP_PDB_CANCEL, nullptr);
    }
    if (outcome.kind == Outcome::Kind::failed) {
        GError* error = g_error_new_literal(GIMP_PLUG_IN_ERROR, 0, outcome.message.c_str());
        return gimp_procedure_new_return_values(procedure, GIMP_PDB_EXECUTION_ERROR, error);
    }
    store(settings, config);
    GimpValueArray* values = gimp_procedure_new_return_values(procedure, GIMP_PDB_SUCCESS, nullptr);
    g_value_set_object(gimp_value_array_index(values, 1), image_at(outcome.image));
    return values;
}

void add_arguments(GimpProcedure* procedure) {
    const Settings defaults;
    gimp_procedure_add_choice_argument(
        procedure, "mode", "_Enlarge", "What to enlarge",
        gimp_choice_new_with_values("image", static_cast<int>(Mode::image), "Whole image", nullptr,
                                    "layer", static_cast<int>(Mode::layer), "Layer in place",
                                    nullptr, "new-image", static_cast<int>(Mode::new_image),
                                    "Layer to a new image", nullptr, nullptr),
        "image", G_PARAM_READWRITE);
    gimp_procedure_add_string_argument(procedure, "model", "_Model",
                                       "An installed model's name, its family's or a file",
                                       defaults.model.c_str(), G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(
        procedure, "scale", "_Scale",
        "How many times larger each way, where width and height are 0", SISR_BRIDGE_MIN_SCALE,
        SISR_BRIDGE_MAX_SCALE, defaults.scale, G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(procedure, "width", "_Width",
                                    "Of the result, in pixels; 0: follows", 0, GIMP_MAX_IMAGE_SIZE,
                                    0, G_PARAM_READWRITE);
    gimp_procedure_add_int_argument(procedure, "height", "_Height",
                                    "Of the result, in pixels; 0: follows", 0, GIMP_MAX_IMAGE_SIZE,
                                    0, G_PARAM_READWRITE);
    gimp_procedure_add_double_argument(
        procedure, "strength", "S_trength",
        "From fidelity (0) to detail (1), for models that have both; -1: the model's own", -1, 1,
        defaults.strength, G_PARAM_READWRITE);
    gimp_procedure_add_choice_argument(
        procedure, "color-lock", "_Colour lock", "Brightness and hue stay the original's",
        gimp_choice_new_with_values("auto", SISR_BRIDGE_COLOR_LOCK_AUTO, "As the model needs it",
                                    nullptr, "on", SISR_BRIDGE_COLOR_LOCK_ON, "On", nullptr, "off",
                                    SISR_BRIDGE_COLOR_LOCK_OFF, "Off", nullptr, nullptr),
        "auto", G_PARAM_READWRITE);
    gimp_procedure_add_choice_argument(
        procedure, "input-is", "_Input is",
        "For models that hold weights of their own for some kinds of pictures",
        gimp_choice_new_with_values("auto", SISR_BRIDGE_INPUT_AUTO, "As it looks", nullptr, "clean",
                                    SISR_BRIDGE_INPUT_CLEAN, "Clean", nullptr, "damaged",
                                    SISR_BRIDGE_INPUT_DAMAGED, "Damaged by JPEG or noise", nullptr,
                                    "heavy", SISR_BRIDGE_INPUT_HEAVILY_DAMAGED,
                                    "Damaged by much of it", nullptr, nullptr),
        "auto", G_PARAM_READWRITE);
    gimp_procedure_add_boolean_argument(procedure, "keep-print-size", "_Keep the print size",
                                        "Whole image: scale the resolution with the pixels",
                                        defaults.keep_print_size, G_PARAM_READWRITE);
    gimp_procedure_add_image_return_value(procedure, "new-image", "New image",
                                          "The image that holds the result", FALSE,
                                          G_PARAM_READWRITE);
}

GimpProcedure* create_procedure(GimpPlugIn* plug_in, const gchar* name) {
    if (g_strcmp0(name, kProcedure) != 0) return nullptr;
    GimpProcedure* procedure = gimp_image_procedure_new(plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN,
                                                        run_procedure, nullptr, nullptr);
    gimp_procedure_set_image_types(procedure, "RGB*, GRAY*, INDEXED*");
    gimp_procedure_set_sensitivity_mask(procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                       GIMP_PROCEDURE_SENSITIVE_DRAWABLES |
                                                       GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES);
    gimp_procedure_set_menu_label(procedure, kMenuLabel);
    gimp_procedure_add_menu_path(procedure, kMenuPath);
    gimp_procedure_add_menu_path(procedure, "<Image>/Image/[Scale]");
    gimp_procedure_set_documentation(procedure, kBlurb, kHelp, nullptr);
    gimp_procedure_set_attribution(procedure, kAuthors, kAuthors, kYear);
    add_arguments(procedure);
    return procedure;
}

GList* query_procedures(GimpPlugIn* /*plug_in*/) {
    return g_list_append(nullptr, g_strdup(kProcedure));
}

}  // namespace
}  // namespace sisr::gimp

struct SisrPlugIn {
    GimpPlugIn parent_instance;
};
struct SisrPlugInClass {
    GimpPlugInClass parent_class;
};
static GType sisr_plug_in_get_type();
G_DEFINE_TYPE(SisrPlugIn, sisr_plug_in, GIMP_TYPE_PLUG_IN)

static void sisr_plug_in_class_init(SisrPlugInClass* type) {
    GimpPlugInClass* plug_in = GIMP_PLUG_IN_CLASS(type);
    plug_in->query_procedures = sisr::gimp::query_procedures;
    plug_in->create_procedure = sisr::gimp::create_procedure;
    plug_in->set_i18n = nullptr;
}

static void sisr_plug_in_init(SisrPlugIn* /*plug_in*/) {}

GIMP_MAIN(sisr_plug_in_get_type())
