/// What both versions of libgimp say by the same names.
#include "handles.h"

#include <algorithm>
#include <iterator>

namespace sisr::gimp {
namespace {

/// While alive, pixels of masks, channels and the selection are scaled by the cubic filter,
/// whatever the user's own choice is.
class CubicScaling {
public:
    CubicScaling() {
        gimp_context_push();
        gimp_context_set_interpolation(GIMP_INTERPOLATION_CUBIC);
    }
    ~CubicScaling() { gimp_context_pop(); }
    CubicScaling(const CubicScaling&) = delete;
    CubicScaling& operator=(const CubicScaling&) = delete;
};

}  // namespace

int max_image_side() { return GIMP_MAX_IMAGE_SIZE; }

bool has_floating_selection(Id image) {
    return id_of(gimp_image_get_floating_sel(image_at(image))) != -1;
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

Id selection(Id image) { return id_of(gimp_image_get_selection(image_at(image))); }
bool is_group(Id layer) { return gimp_item_is_group(item_at(layer)) != FALSE; }
Id mask_of(Id layer) { return id_of(gimp_layer_get_mask(layer_at(layer))); }
Id parent_of(Id item) { return id_of(gimp_item_get_parent(item_at(item))); }

std::string item_name(Id item) {
    gchar* name = gimp_item_get_name(item_at(item));
    std::string result = name == nullptr ? "" : name;
    g_free(name);
    return result;
}

Locks locks_of(Id item) {
    return {gimp_item_get_lock_content(item_at(item)) != FALSE,
            gimp_item_get_lock_position(item_at(item)) != FALSE};
}

void set_locks(Id item, Locks locks) {
    gimp_item_set_lock_content(item_at(item), locks.pixels ? TRUE : FALSE);
    gimp_item_set_lock_position(item_at(item), locks.position ? TRUE : FALSE);
}

BufferPtr pixels_of(Id drawable) {
    return BufferPtr(gimp_drawable_get_buffer(drawable_at(drawable)));
}

BufferPtr shadow_of(Id drawable) {
    return BufferPtr(gimp_drawable_get_shadow_buffer(drawable_at(drawable)));
}

bool merge_shadow(Id drawable) {
    const Size size = place_of(drawable).size;
    return gimp_drawable_merge_shadow(drawable_at(drawable), TRUE) != FALSE &&
           gimp_drawable_update(drawable_at(drawable), 0, 0, size.width, size.height) != FALSE;
}

bool convert_to_rgb(Id image) { return gimp_image_convert_rgb(image_at(image)) != FALSE; }

bool convert_to_indexed(Id image) {
    constexpr int kMostColours = 256;
    return gimp_image_convert_indexed(image_at(image), GIMP_CONVERT_DITHER_NONE,
                                      GIMP_CONVERT_PALETTE_GENERATE, kMostColours, FALSE, FALSE,
                                      "") != FALSE;
}

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

Unhindered::Unhindered(Id image, const std::vector<Id>& layers) : image_(image) {
    for (const Id layer : layers) {
        if (!gimp_layer_get_lock_alpha(layer_at(layer))) continue;
        gimp_layer_set_lock_alpha(layer_at(layer), FALSE);
        layers_.push_back(layer);
    }
    for (const auto component : {GIMP_CHANNEL_RED, GIMP_CHANNEL_GREEN, GIMP_CHANNEL_BLUE,
                                 GIMP_CHANNEL_GRAY, GIMP_CHANNEL_ALPHA}) {
        const bool is_colour = component != GIMP_CHANNEL_GRAY && component != GIMP_CHANNEL_ALPHA;
        if (component != GIMP_CHANNEL_ALPHA && is_colour == is_grey(image)) continue;
        if (gimp_image_get_component_active(image_at(image), component)) continue;
        gimp_image_set_component_active(image_at(image), component, TRUE);
        components_.push_back(component);
    }
    if (gimp_selection_is_empty(image_at(image))) return;
    const ActiveItems active(image);
    selection_ = id_of(gimp_selection_save(image_at(image)));
    gimp_selection_none(image_at(image));
}

Unhindered::~Unhindered() {
    if (!image_exists(image_)) return;
    if (item_exists(selection_)) {
        const ActiveItems active(image_);
        gimp_image_select_item(image_at(image_), GIMP_CHANNEL_OP_REPLACE, item_at(selection_));
        gimp_image_remove_channel(image_at(image_), channel_at(selection_));
    }
    for (const int component : components_) {
        gimp_image_set_component_active(image_at(image_), static_cast<GimpChannelType>(component),
                                        FALSE);
    }
    for (const Id layer : layers_) {
        if (item_exists(layer)) gimp_layer_set_lock_alpha(layer_at(layer), TRUE);
    }
}

Id duplicate_image(Id image) {
    const Id copy = id_of(gimp_image_duplicate(image_at(image)));
    if (copy >= 0) set_undo_enabled(copy, false);
    return copy;
}

void delete_image(Id image) { gimp_image_delete(image_at(image)); }
void show_image(Id image) { gimp_display_new(image_at(image)); }
void begin_undo_group(Id image) { gimp_image_undo_group_start(image_at(image)); }
void end_undo_group(Id image) { gimp_image_undo_group_end(image_at(image)); }

void set_undo_enabled(Id image, bool enabled) {
    enabled ? gimp_image_undo_enable(image_at(image)) : gimp_image_undo_disable(image_at(image));
}

void flush_displays() { gimp_displays_flush(); }

}  // namespace sisr::gimp
