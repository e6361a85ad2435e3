/// libgimp 2.0, that is GIMP 2.10, where it has words of its own.
#include "handles.h"
#include "settings.h"

namespace sisr::gimp {
namespace {

std::vector<Id> take_ids(gint* ids, gint count) {
    std::vector<Id> result(ids, ids + (ids == nullptr ? 0 : count));
    g_free(ids);
    return result;
}

}  // namespace

void take_errors_over() { gimp_plugin_set_pdb_error_handler(GIMP_PDB_ERROR_HANDLER_PLUGIN); }

std::string last_error() {
    const gchar* error = gimp_get_pdb_error();
    return error == nullptr || gimp_get_pdb_status() == GIMP_PDB_SUCCESS ? "" : error;
}

bool image_exists(Id image) { return image >= 0 && gimp_image_is_valid(image) != FALSE; }
bool item_exists(Id item) { return item >= 0 && gimp_item_is_valid(item) != FALSE; }

Size image_size(Id image) { return {gimp_image_width(image), gimp_image_height(image)}; }
bool is_indexed(Id image) { return gimp_image_base_type(image) == GIMP_INDEXED; }
bool is_grey(Id image) { return gimp_image_base_type(image) == GIMP_GRAY; }

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

std::vector<Id> channels(Id image) {
    gint count = 0;
    gint* ids = gimp_image_get_channels(image, &count);
    return take_ids(ids, count);
}

Place place_of(Id drawable) {
    Place place;
    gimp_drawable_offsets(drawable, &place.x, &place.y);
    place.size = {gimp_drawable_width(drawable), gimp_drawable_height(drawable)};
    return place;
}

Id layer_of(Id drawable) {
    if (gimp_item_is_layer_mask(drawable)) return gimp_layer_from_mask(drawable);
    return gimp_item_is_layer(drawable) ? drawable : -1;
}

ActiveItems::ActiveItems(Id image) : image_(image) {
    if (const Id layer = gimp_image_get_active_layer(image); layer >= 0) layers_.push_back(layer);
    if (const Id channel = gimp_image_get_active_channel(image); channel >= 0) {
        channels_.push_back(channel);
    }
}

ActiveItems::~ActiveItems() {
    for (const Id layer : layers_) gimp_image_set_active_layer(image_, layer);
    for (const Id channel : channels_) gimp_image_set_active_channel(image_, channel);
}

Id new_image_like(Id image, Size size) {
    const Id created = gimp_image_new_with_precision(size.width, size.height,
                                                     is_grey(image) ? GIMP_GRAY : GIMP_RGB,
                                                     gimp_image_get_precision(image));
    if (GimpColorProfile* profile = gimp_image_get_color_profile(image)) {
        gimp_image_set_color_profile(created, profile);
        g_object_unref(profile);
    }
    set_resolution(created, resolution(image));
    gimp_image_set_unit(created, gimp_image_get_unit(image));
    return created;
}

Id copy_layer(Id layer, Id image) {
    const Size size = place_of(layer).size;
    const GimpImageType type = is_grey(image) ? GIMP_GRAYA_IMAGE : GIMP_RGBA_IMAGE;
    const std::string name = item_name(layer);
    // A group's copy would be a group, whose pixels cannot be written.
    const Id copy = is_group(layer) ? gimp_layer_new(image, name.c_str(), size.width, size.height,
                                                     type, 100, GIMP_LAYER_MODE_NORMAL)
                                    : gimp_layer_new_from_drawable(layer, image);
    if (copy < 0 || !gimp_image_insert_layer(image, copy, -1, 0)) return -1;
    gimp_item_set_name(copy, name.c_str());
    gimp_item_set_visible(copy, TRUE);
    gimp_item_set_lock_content(copy, FALSE);
    gimp_item_set_lock_position(copy, FALSE);
    gimp_layer_set_lock_alpha(copy, FALSE);
    gimp_layer_set_opacity(copy, 100);
    gimp_layer_set_mode(copy, gimp_image_get_default_new_layer_mode(image));
    return copy;
}

std::string kept_text() {
    GimpParasite* parasite = gimp_get_parasite(kProcedure);
    if (parasite == nullptr) return {};
    std::string text(static_cast<const char*>(gimp_parasite_data(parasite)),
                     static_cast<std::size_t>(gimp_parasite_data_size(parasite)));
    gimp_parasite_free(parasite);
    return text;
}

void keep_text(const std::string& text) {
    GimpParasite* parasite = gimp_parasite_new(kProcedure, GIMP_PARASITE_PERSISTENT,
                                               static_cast<guint32>(text.size()), text.data());
    gimp_attach_parasite(parasite);
    gimp_parasite_free(parasite);
}

}  // namespace sisr::gimp
