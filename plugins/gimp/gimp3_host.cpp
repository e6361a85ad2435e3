/// libgimp 3.0, where it has words of its own.
#include "handles.h"
#include "settings.h"

namespace sisr::gimp {
namespace {

/// The ids of a NULL-terminated list, which is freed.
template <class Item>
std::vector<Id> take_ids(Item** items) {
    std::vector<Id> ids;
    for (Item** item = items; item != nullptr && *item != nullptr; ++item) {
        ids.push_back(id_of(*item));
    }
    g_free(items);
    return ids;
}

}  // namespace

void take_errors_over() {
    gimp_plug_in_set_pdb_error_handler(gimp_get_plug_in(), GIMP_PDB_ERROR_HANDLER_PLUGIN);
}

std::string last_error() {
    GimpPDB* pdb = gimp_get_pdb();
    const gchar* error = gimp_pdb_get_last_error(pdb);
    return error == nullptr || gimp_pdb_get_last_status(pdb) == GIMP_PDB_SUCCESS ? "" : error;
}

bool image_exists(Id image) { return image >= 0 && gimp_image_id_is_valid(image) != FALSE; }
bool item_exists(Id item) { return item >= 0 && gimp_item_id_is_valid(item) != FALSE; }

Size image_size(Id image) {
    return {gimp_image_get_width(image_at(image)), gimp_image_get_height(image_at(image))};
}

bool is_indexed(Id image) { return gimp_image_get_base_type(image_at(image)) == GIMP_INDEXED; }
bool is_grey(Id image) { return gimp_image_get_base_type(image_at(image)) == GIMP_GRAY; }

std::vector<Id> top_layers(Id image) { return take_ids(gimp_image_get_layers(image_at(image))); }
std::vector<Id> group_children(Id group) {
    return take_ids(gimp_item_get_children(item_at(group)));
}
std::vector<Id> channels(Id image) { return take_ids(gimp_image_get_channels(image_at(image))); }

Place place_of(Id id) {
    Place place;
    GimpDrawable* drawable = drawable_at(id);
    gimp_drawable_get_offsets(drawable, &place.x, &place.y);
    place.size = {gimp_drawable_get_width(drawable), gimp_drawable_get_height(drawable)};
    return place;
}

Id layer_of(Id drawable) {
    GimpItem* item = item_at(drawable);
    if (GIMP_IS_LAYER_MASK(item)) return id_of(gimp_layer_from_mask(GIMP_LAYER_MASK(item)));
    return GIMP_IS_LAYER(item) ? drawable : -1;
}

ActiveItems::ActiveItems(Id image)
    : image_(image),
      layers_(take_ids(gimp_image_get_selected_layers(image_at(image)))),
      channels_(take_ids(gimp_image_get_selected_channels(image_at(image)))) {}

ActiveItems::~ActiveItems() {
    std::vector<const GimpLayer*> layers;
    for (const Id layer : layers_) layers.push_back(layer_at(layer));
    std::vector<const GimpChannel*> channels;
    for (const Id channel : channels_) channels.push_back(channel_at(channel));
    const bool has_layers = !layers.empty();
    const bool has_channels = !channels.empty();
    layers.push_back(nullptr);
    channels.push_back(nullptr);
    if (has_layers) gimp_image_set_selected_layers(image_at(image_), layers.data());
    if (has_channels) gimp_image_set_selected_channels(image_at(image_), channels.data());
}

Id new_image_like(Id image, Size size) {
    GimpImage* like = image_at(image);
    GimpImage* created = gimp_image_new_with_precision(size.width, size.height,
                                                       is_grey(image) ? GIMP_GRAY : GIMP_RGB,
                                                       gimp_image_get_precision(like));
    if (GimpColorProfile* profile = gimp_image_get_color_profile(like)) {
        gimp_image_set_color_profile(created, profile);
        g_object_unref(profile);
    }
    gimp_image_set_unit(created, gimp_image_get_unit(like));
    set_resolution(id_of(created), resolution(image));
    return id_of(created);
}

Id copy_layer(Id layer, Id image) {
    GimpImage* target = image_at(image);
    const Size size = place_of(layer).size;
    const GimpImageType type = is_grey(image) ? GIMP_GRAYA_IMAGE : GIMP_RGBA_IMAGE;
    const std::string name = item_name(layer);
    // A group's copy would be a group, whose pixels cannot be written.
    GimpLayer* copy = is_group(layer)
                          ? gimp_layer_new(target, name.c_str(), size.width, size.height, type, 100,
                                           GIMP_LAYER_MODE_NORMAL)
                          : gimp_layer_new_from_drawable(drawable_at(layer), target);
    if (copy == nullptr || !gimp_image_insert_layer(target, copy, nullptr, 0)) return -1;
    gimp_item_set_name(GIMP_ITEM(copy), name.c_str());
    gimp_item_set_visible(GIMP_ITEM(copy), TRUE);
    gimp_item_set_lock_content(GIMP_ITEM(copy), FALSE);
    gimp_item_set_lock_position(GIMP_ITEM(copy), FALSE);
    gimp_layer_set_lock_alpha(copy, FALSE);
    gimp_layer_set_opacity(copy, 100);
    gimp_layer_set_mode(copy, gimp_image_get_default_new_layer_mode(target));
    return id_of(copy);
}

std::string kept_text() {
    GimpParasite* parasite = gimp_get_parasite(kProcedure);
    if (parasite == nullptr) return {};
    guint32 size = 0;
    const auto* data = static_cast<const char*>(gimp_parasite_get_data(parasite, &size));
    std::string text(data, size);
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
