/// libgimp 3.0.
#include "cubic_scaling.h"
#include "host.h"
#include "run.h"

#include <algorithm>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

namespace sisr::gimp {
namespace {

// libgimp owns what these return, and answers NULL for an id that is nothing.
GimpImage* image_at(Id id) { return gimp_image_get_by_id(id); }
GimpItem* item_at(Id id) { return gimp_item_get_by_id(id); }
GimpDrawable* drawable_at(Id id) { return gimp_drawable_get_by_id(id); }
GimpLayer* layer_at(Id id) { return GIMP_LAYER(gimp_item_get_by_id(id)); }

/// The ids of a NULL-terminated list, which is freed.
template <class Item>
std::vector<Id> take_ids(Item** items) {
    std::vector<Id> ids;
    for (Item** item = items; item != nullptr && *item != nullptr; ++item) {
        ids.push_back(gimp_item_get_id(GIMP_ITEM(*item)));
    }
    g_free(items);
    return ids;
}

}  // namespace

int max_image_side() { return GIMP_MAX_IMAGE_SIZE; }

Size image_size(Id image) {
    return {gimp_image_get_width(image_at(image)), gimp_image_get_height(image_at(image))};
}

bool is_indexed(Id image) { return gimp_image_get_base_type(image_at(image)) == GIMP_INDEXED; }

bool has_floating_selection(Id image) {
    return gimp_image_get_floating_sel(image_at(image)) != nullptr;
}

void set_resolution(Id image, Resolution resolution) {
    if (std::max(resolution.x, resolution.y) > GIMP_MAX_RESOLUTION) return;
    gimp_image_set_resolution(image_at(image), resolution.x, resolution.y);
}

Resolution resolution(Id image) {
    Resolution resolution;
    gimp_image_get_resolution(image_at(image), &resolution.x, &resolution.y);
    return resolution;
}

std::vector<Id> top_layers(Id image) { return take_ids(gimp_image_get_layers(image_at(image))); }
std::vector<Id> group_children(Id group) {
    return take_ids(gimp_item_get_children(item_at(group)));
}
bool is_group(Id layer) { return gimp_item_is_group(item_at(layer)) != FALSE; }

Place layer_place(Id layer) {
    Place place;
    GimpDrawable* drawable = drawable_at(layer);
    gimp_drawable_get_offsets(drawable, &place.x, &place.y);
    place.size = {gimp_drawable_get_width(drawable), gimp_drawable_get_height(drawable)};
    return place;
}

Id layer_of(Id drawable) {
    GimpItem* item = item_at(drawable);
    if (GIMP_IS_LAYER_MASK(item)) {
        return gimp_item_get_id(GIMP_ITEM(gimp_layer_from_mask(GIMP_LAYER_MASK(item))));
    }
    return GIMP_IS_LAYER(item) ? drawable : -1;
}

Id image_of(Id item) { return gimp_image_get_id(gimp_item_get_image(item_at(item))); }

std::string item_name(Id item) {
    gchar* name = gimp_item_get_name(item_at(item));
    std::string result = name == nullptr ? "" : name;
    g_free(name);
    return result;
}

bool is_locked(Id layer) {
    for (GimpItem* item = item_at(layer); item != nullptr; item = gimp_item_get_parent(item)) {
        if (gimp_item_get_lock_content(item) || gimp_item_get_lock_position(item)) return true;
    }
    return false;
}

BufferPtr layer_pixels(Id layer) { return BufferPtr(gimp_drawable_get_buffer(drawable_at(layer))); }

BufferPtr shadow_pixels(Id layer) {
    return BufferPtr(gimp_drawable_get_shadow_buffer(drawable_at(layer)));
}

void merge_shadow(Id layer) { gimp_drawable_merge_shadow(drawable_at(layer), TRUE); }

void update_layer(Id layer) {
    const Size size = layer_place(layer).size;
    gimp_drawable_update(drawable_at(layer), 0, 0, size.width, size.height);
}

bool convert_to_rgb(Id image) { return gimp_image_convert_rgb(image_at(image)) != FALSE; }

bool scale_image(Id image, Size size) {
    const CubicScaling cubic;
    return gimp_image_scale(image_at(image), size.width, size.height) != FALSE;
}

bool scale_layer(Id layer, Size size) {
    const CubicScaling cubic;
    return gimp_layer_scale(layer_at(layer), size.width, size.height, TRUE) != FALSE;
}

bool crop_layer(Id layer, Size size) {
    return gimp_layer_resize(layer_at(layer), size.width, size.height, 0, 0) != FALSE;
}

bool move_layer(Id layer, int x, int y) {
    return gimp_layer_set_offsets(layer_at(layer), x, y) != FALSE;
}

Id new_image_like(Id image, Size size) {
    GimpImage* like = image_at(image);
    const GimpImageBaseType type =
        gimp_image_get_base_type(like) == GIMP_GRAY ? GIMP_GRAY : GIMP_RGB;
    GimpImage* created = gimp_image_new_with_precision(size.width, size.height, type,
                                                       gimp_image_get_precision(like));
    if (GimpColorProfile* profile = gimp_image_get_color_profile(like)) {
        gimp_image_set_color_profile(created, profile);
        g_object_unref(profile);
    }
    gimp_image_set_unit(created, gimp_image_get_unit(like));
    const Id id = gimp_image_get_id(created);
    set_resolution(id, resolution(image));
    return id;
}

void delete_image(Id image) { gimp_image_delete(image_at(image)); }

Id copy_layer(Id layer, Id image) {
    GimpImage* target = image_at(image);
    const Size size = layer_place(layer).size;
    const GimpImageType type =
        gimp_image_get_base_type(target) == GIMP_GRAY ? GIMP_GRAYA_IMAGE : GIMP_RGBA_IMAGE;
    const std::string name = item_name(layer);
    // A group's copy would be a group, whose pixels cannot be written.
    GimpLayer* copy = is_group(layer)
                          ? gimp_layer_new(target, name.c_str(), size.width, size.height, type, 100,
                                           GIMP_LAYER_MODE_NORMAL)
                          : gimp_layer_new_from_drawable(drawable_at(layer), target);
    if (copy == nullptr || !gimp_image_insert_layer(target, copy, nullptr, 0)) return -1;
    gimp_item_set_name(GIMP_ITEM(copy), name.c_str());
    gimp_item_set_visible(GIMP_ITEM(copy), TRUE);
    gimp_layer_set_opacity(copy, 100);
    gimp_layer_set_mode(copy, gimp_image_get_default_new_layer_mode(target));
    return gimp_item_get_id(GIMP_ITEM(copy));
}

void show_image(Id image) { gimp_display_new(image_at(image)); }
void begin_undo_group(Id image) { gimp_image_undo_group_start(image_at(image)); }
void end_undo_group(Id image) { gimp_image_undo_group_end(image_at(image)); }

void set_undo_enabled(Id image, bool enabled) {
    enabled ? gimp_image_undo_enable(image_at(image)) : gimp_image_undo_disable(image_at(image));
}

void flush_displays() { gimp_displays_flush(); }

void start_widgets() { gimp_ui_init(kProcedure); }

GtkWidget* new_box(GtkOrientation orientation, int spacing) {
    return gtk_box_new(orientation, spacing);
}

GtkWidget* new_grid() {
    GtkWidget* grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 6);
    return grid;
}

void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns) {
    if (!GTK_IS_LABEL(widget)) gtk_widget_set_hexpand(widget, TRUE);
    gtk_grid_attach(GTK_GRID(grid), widget, column, row, columns, 1);
}

GtkWidget* new_label(const char* text) {
    GtkWidget* label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    return label;
}

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

/// GIMP keeps what is in the configuration after an interactive run.
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
    Selection selection{gimp_image_get_id(image), {}};
    for (GimpDrawable** one = drawables; one != nullptr && *one != nullptr; ++one) {
        selection.drawables.push_back(gimp_item_get_id(GIMP_ITEM(*one)));
    }
    Settings settings = settings_from(config);
    const Outcome outcome = run(selection, settings, run_mode == GIMP_RUN_INTERACTIVE);
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
