/// libgimp 2.0, that is GIMP 2.10.
#include "cubic_scaling.h"
#include "host.h"
#include "run.h"

#include <algorithm>
#include <iterator>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

namespace sisr::gimp {
namespace {

std::vector<Id> take_ids(gint* ids, gint count) {
    std::vector<Id> result(ids, ids + (ids == nullptr ? 0 : count));
    g_free(ids);
    return result;
}

}  // namespace

int max_image_side() { return GIMP_MAX_IMAGE_SIZE; }

Size image_size(Id image) { return {gimp_image_width(image), gimp_image_height(image)}; }
bool is_indexed(Id image) { return gimp_image_base_type(image) == GIMP_INDEXED; }
bool has_floating_selection(Id image) { return gimp_image_get_floating_sel(image) != -1; }

void set_resolution(Id image, Resolution resolution) {
    if (std::max(resolution.x, resolution.y) > GIMP_MAX_RESOLUTION) return;
    gimp_image_set_resolution(image, resolution.x, resolution.y);
}

Resolution resolution(Id image) {
    Resolution resolution;
    gimp_image_get_resolution(image, &resolution.x, &resolution.y);
    return resolution;
}

std::vector<Id> top_layers(Id image) {
    gint count = 0;
    gint* ids = gimp_image_get_layers(image, &count);
    return take_ids(ids, count);
}

std::vector<Id> group_children(Id group) {
    gint count = 0;
    gint* ids = gimp_item_get_children(group, &count);
    return take_ids(ids, count);
}

bool is_group(Id layer) { return gimp_item_is_group(layer) != FALSE; }

Place layer_place(Id layer) {
    Place place;
    gimp_drawable_offsets(layer, &place.x, &place.y);
    place.size = {gimp_drawable_width(layer), gimp_drawable_height(layer)};
    return place;
}

Id layer_of(Id drawable) {
    if (gimp_item_is_layer_mask(drawable)) return gimp_layer_from_mask(drawable);
    return gimp_item_is_layer(drawable) ? drawable : -1;
}

Id image_of(Id item) { return gimp_item_get_image(item); }

std::string item_name(Id item) {
    gchar* name = gimp_item_get_name(item);
    std::string result = name == nullptr ? "" : name;
    g_free(name);
    return result;
}

bool is_locked(Id layer) {
    for (Id item = layer; item >= 0; item = gimp_item_get_parent(item)) {
        if (gimp_item_get_lock_content(item) || gimp_item_get_lock_position(item)) return true;
    }
    return false;
}

BufferPtr layer_pixels(Id layer) { return BufferPtr(gimp_drawable_get_buffer(layer)); }
BufferPtr shadow_pixels(Id layer) { return BufferPtr(gimp_drawable_get_shadow_buffer(layer)); }
void merge_shadow(Id layer) { gimp_drawable_merge_shadow(layer, TRUE); }

void update_layer(Id layer) {
    const Size size = layer_place(layer).size;
    gimp_drawable_update(layer, 0, 0, size.width, size.height);
}

bool convert_to_rgb(Id image) { return gimp_image_convert_rgb(image) != FALSE; }

bool scale_image(Id image, Size size) {
    const CubicScaling cubic;
    return gimp_image_scale(image, size.width, size.height) != FALSE;
}

bool scale_layer(Id layer, Size size) {
    const CubicScaling cubic;
    return gimp_layer_scale(layer, size.width, size.height, TRUE) != FALSE;
}

bool crop_layer(Id layer, Size size) {
    return gimp_layer_resize(layer, size.width, size.height, 0, 0) != FALSE;
}

bool move_layer(Id layer, int x, int y) { return gimp_layer_set_offsets(layer, x, y) != FALSE; }

Id new_image_like(Id image, Size size) {
    const GimpImageBaseType type = gimp_image_base_type(image) == GIMP_GRAY ? GIMP_GRAY : GIMP_RGB;
    const Id created = gimp_image_new_with_precision(size.width, size.height, type,
                                                     gimp_image_get_precision(image));
    if (GimpColorProfile* profile = gimp_image_get_color_profile(image)) {
        gimp_image_set_color_profile(created, profile);
        g_object_unref(profile);
    }
    set_resolution(created, resolution(image));
    gimp_image_set_unit(created, gimp_image_get_unit(image));
    return created;
}

void delete_image(Id image) { gimp_image_delete(image); }

Id copy_layer(Id layer, Id image) {
    const Size size = layer_place(layer).size;
    const GimpImageType type =
        gimp_image_base_type(image) == GIMP_GRAY ? GIMP_GRAYA_IMAGE : GIMP_RGBA_IMAGE;
    const std::string name = item_name(layer);
    // A group's copy would be a group, whose pixels cannot be written.
    const Id copy = is_group(layer) ? gimp_layer_new(image, name.c_str(), size.width, size.height,
                                                     type, 100, GIMP_LAYER_MODE_NORMAL)
                                    : gimp_layer_new_from_drawable(layer, image);
    if (copy < 0 || !gimp_image_insert_layer(image, copy, -1, 0)) return -1;
    gimp_item_set_name(copy, name.c_str());
    gimp_item_set_visible(copy, TRUE);
    gimp_layer_set_opacity(copy, 100);
    gimp_layer_set_mode(copy, gimp_image_get_default_new_layer_mode(image));
    return copy;
}

void show_image(Id image) { gimp_display_new(image); }
void begin_undo_group(Id image) { gimp_image_undo_group_start(image); }
void end_undo_group(Id image) { gimp_image_undo_group_end(image); }

void set_undo_enabled(Id image, bool enabled) {
    enabled ? gimp_image_undo_enable(image) : gimp_image_undo_disable(image);
}

void flush_displays() { gimp_displays_flush(); }

void start_widgets() { gimp_ui_init(kProcedure, FALSE); }

GtkWidget* new_box(GtkOrientation orientation, int spacing) {
    return orientation == GTK_ORIENTATION_HORIZONTAL ? gtk_hbox_new(FALSE, spacing)
                                                     : gtk_vbox_new(FALSE, spacing);
}

GtkWidget* new_grid() {
    GtkWidget* table = gtk_table_new(1, 1, FALSE);
    gtk_table_set_row_spacings(GTK_TABLE(table), 6);
    gtk_table_set_col_spacings(GTK_TABLE(table), 6);
    return table;
}

void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns) {
    const auto left = static_cast<guint>(column);
    const auto top = static_cast<guint>(row);
    const auto options = static_cast<GtkAttachOptions>(GTK_EXPAND | GTK_FILL);
    gtk_table_attach(GTK_TABLE(grid), widget, left, left + static_cast<guint>(columns), top,
                     top + 1, GTK_IS_LABEL(widget) ? GTK_FILL : options, GTK_FILL, 0, 0);
}

GtkWidget* new_label(const char* text) {
    GtkWidget* label = gtk_label_new(text);
    gtk_misc_set_alignment(GTK_MISC(label), 0, 0.5F);
    return label;
}

namespace {

// The procedure's arguments, in this order.
enum Argument {
    kRunMode,
    kImage,
    kDrawable,
    kMode,
    kModel,
    kScale,
    kWidth,
    kHeight,
    kStrength,
    kColourLock,
    kKeepPrintSize,
    kInputIs,
    kArgumentCount
};

void query() {
    const auto text = [](const char* constant) { return const_cast<gchar*>(constant); };
    const GimpParamDef arguments[kArgumentCount] = {
        {GIMP_PDB_INT32, text("run-mode"),
         text("The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), "
              "RUN-WITH-LAST-VALS (2) }")},
        {GIMP_PDB_IMAGE, text("image"), text("The image")},
        {GIMP_PDB_DRAWABLE, text("drawable"), text("The layer, for modes 1 and 2")},
        {GIMP_PDB_INT32, text("mode"),
         text("What to enlarge { whole image (0), layer in place (1), layer to a new image (2) }")},
        {GIMP_PDB_STRING, text("model"),
         text("An installed model's name, its family's or a file; \"\" is the default")},
        {GIMP_PDB_FLOAT, text("scale"),
         text("How many times larger each way (1 to 8), where width and height are 0")},
        {GIMP_PDB_INT32, text("width"), text("Of the result, in pixels; 0: follows")},
        {GIMP_PDB_INT32, text("height"), text("Of the result, in pixels; 0: follows")},
        {GIMP_PDB_FLOAT, text("strength"),
         text("From fidelity (0) to detail (1), for models that have both; -1: the model's own")},
        {GIMP_PDB_INT32, text("color-lock"),
         text("Brightness and hue stay the original's { as the model needs it (0), on (1), off "
              "(2) }")},
        {GIMP_PDB_INT32, text("keep-print-size"),
         text("Whole image: scale the resolution with the pixels { TRUE, FALSE }")},
        {GIMP_PDB_INT32, text("input-is"),
         text("For models that hold weights of their own for some kinds of pictures { as it looks "
              "(0), clean (1), damaged by JPEG or noise (2), damaged by much of it (3) }")}};
    const GimpParamDef results[] = {
        {GIMP_PDB_IMAGE, text("new-image"), text("The image that holds the result")}};
    gimp_install_procedure(kProcedure, kBlurb, kHelp, kAuthors, kAuthors, kYear, kMenuLabel,
                           "RGB*, GRAY*, INDEXED*", GIMP_PLUGIN, kArgumentCount,
                           static_cast<gint>(std::size(results)), arguments, results);
    gimp_plugin_menu_register(kProcedure, kMenuPath);
}

Settings settings_from_arguments(const GimpParam* arguments) {
    Settings settings;
    const int mode = arguments[kMode].data.d_int32;
    const int lock = arguments[kColourLock].data.d_int32;
    const int input = arguments[kInputIs].data.d_int32;
    if (mode < 0 || mode >= static_cast<int>(std::size(kModeNames))) {
        throw Failure("mode: must be 0, 1 or 2");
    }
    if (lock < 0 || lock >= static_cast<int>(std::size(kColourLockNames))) {
        throw Failure("color-lock: must be 0, 1 or 2");
    }
    if (input < 0 || input >= static_cast<int>(std::size(kInputNames))) {
        throw Failure("input-is: must be 0, 1, 2 or 3");
    }
    settings.mode = static_cast<Mode>(mode);
    const gchar* model = arguments[kModel].data.d_string;
    settings.model = model == nullptr ? "" : model;
    settings.scale = arguments[kScale].data.d_float;
    settings.width = arguments[kWidth].data.d_int32;
    settings.height = arguments[kHeight].data.d_int32;
    settings.strength = arguments[kStrength].data.d_float;
    settings.colour_lock = static_cast<SisrBridgeColorLock>(lock);
    settings.keep_print_size = arguments[kKeepPrintSize].data.d_int32 != 0;
    settings.input = static_cast<SisrBridgeInput>(input);
    return settings;
}

Settings remembered_settings() {
    GimpParasite* parasite = gimp_get_parasite(kProcedure);
    if (parasite == nullptr) return {};
    const std::string text(static_cast<const char*>(gimp_parasite_data(parasite)),
                           static_cast<std::size_t>(gimp_parasite_data_size(parasite)));
    gimp_parasite_free(parasite);
    return settings_from_text(text);
}

/// GIMP keeps it from session to session.
void remember(const Settings& settings) {
    const std::string text = to_text(settings);
    GimpParasite* parasite = gimp_parasite_new(kProcedure, GIMP_PARASITE_PERSISTENT,
                                               static_cast<guint32>(text.size()), text.data());
    gimp_attach_parasite(parasite);
    gimp_parasite_free(parasite);
}

Outcome answer(gint count, const GimpParam* arguments) {
    const auto run_mode = static_cast<GimpRunMode>(arguments[kRunMode].data.d_int32);
    Selection selection{arguments[kImage].data.d_image, {}};
    if (const Id drawable = arguments[kDrawable].data.d_drawable; drawable >= 0) {
        selection.drawables.push_back(drawable);
    }
    Settings settings;
    if (run_mode == GIMP_RUN_NONINTERACTIVE) {
        if (count != kArgumentCount)
            return {Outcome::Kind::failed, -1, "Wrong number of arguments"};
        try {
            settings = settings_from_arguments(arguments);
        } catch (const Failure& failure) {
            return {Outcome::Kind::failed, -1, failure.what()};
        }
    } else {
        settings = remembered_settings();
    }
    Outcome outcome = run(selection, settings, run_mode == GIMP_RUN_INTERACTIVE);
    if (run_mode == GIMP_RUN_INTERACTIVE && outcome.kind == Outcome::Kind::done) remember(settings);
    return outcome;
}

void run_procedure(const gchar* /*name*/, gint count, const GimpParam* arguments,
                   gint* result_count, GimpParam** results) {
    // libgimp reads them after this function has returned.
    static GimpParam values[2];
    static std::string message;
    gegl_init(nullptr, nullptr);
    Outcome outcome = answer(count, arguments);
    *results = values;
    values[0].type = GIMP_PDB_STATUS;
    *result_count = 1;
    switch (outcome.kind) {
        case Outcome::Kind::done:
            values[0].data.d_status = GIMP_PDB_SUCCESS;
            values[1].type = GIMP_PDB_IMAGE;
            values[1].data.d_image = outcome.image;
            *result_count = 2;
            break;
        case Outcome::Kind::cancelled: values[0].data.d_status = GIMP_PDB_CANCEL; break;
        case Outcome::Kind::failed:
            message = std::move(outcome.message);
            values[0].data.d_status = GIMP_PDB_EXECUTION_ERROR;
            values[1].type = GIMP_PDB_STRING;
            values[1].data.d_string = message.data();
            *result_count = 2;
            break;
    }
}

}  // namespace
}  // namespace sisr::gimp

const GimpPlugInInfo PLUG_IN_INFO = {nullptr, nullptr, sisr::gimp::query,
                                     sisr::gimp::run_procedure};

MAIN()
