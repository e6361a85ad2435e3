#include "change.h"

#include "settings.h"

#include <exception>
#include <utility>

namespace sisr::gimp {
namespace {

/// All that holds pixels of its own, in an order that a copy of the image has too.
void add_drawables(const std::vector<Id>& layers, std::vector<Id>& found) {
    for (const Id layer : layers) {
        if (const Id mask = mask_of(layer); mask >= 0) found.push_back(mask);
        if (is_group(layer)) {
            add_drawables(group_children(layer), found);
        } else {
            found.push_back(layer);
        }
    }
}

void add_layers(const std::vector<Id>& layers, std::vector<Id>& found) {
    for (const Id layer : layers) {
        if (is_group(layer)) {
            add_layers(group_children(layer), found);
        } else {
            found.push_back(layer);
        }
    }
}

void restore_places(const std::vector<Id>& layers, const std::vector<Id>& wanted) {
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const Place place = place_of(wanted[i]);
        if (place_of(layers[i]) == place) continue;
        if (place_of(layers[i]).size != place.size) {
            require(scale_layer(layers[i], place.size), "scale a layer back");
        }
        require(move_layer(layers[i], place.x, place.y), "move a layer back");
    }
}

/// Gives an image what its copy holds. The items must be the same.
void restore(Id image, Id copy) {
    if (image_size(image) != image_size(copy)) {
        require(scale_image(image, image_size(copy)), "scale the image back");
    }
    std::vector<Id> layers;
    std::vector<Id> wanted_layers;
    add_layers(top_layers(image), layers);
    add_layers(top_layers(copy), wanted_layers);
    std::vector<Id> drawables = channels(image);
    std::vector<Id> wanted = channels(copy);
    add_drawables(top_layers(image), drawables);
    add_drawables(top_layers(copy), wanted);
    require(layers.size() == wanted_layers.size() && drawables.size() == wanted.size(),
            "find the layers again");
    // What the user locked in the middle of the change must not keep it from being taken back.
    const Unlocked unlocked_layers(layers);
    const Unlocked unlocked_channels(channels(image));
    restore_places(layers, wanted_layers);
    {
        const Unhindered all(image, layers);
        for (std::size_t i = 0; i < drawables.size(); ++i) {
            replace_pixels(drawables[i], pixels_of(wanted[i]).get());
        }
        // From which the selection is made again.
        if (all.selection() >= 0) {
            replace_pixels(all.selection(), pixels_of(selection(copy)).get());
        }
    }
    set_resolution(image, resolution(copy));
    if (is_indexed(copy) && !is_indexed(image)) {
        require(convert_to_indexed(image), "convert the image back");
    }
}

}  // namespace

Change::Change(Id image) : image_(image), copy_(duplicate_image(image)) {
    require(copy_ >= 0, "remember the image");
    begin_undo_group(image_);
}

Change::~Change() {
    if (image_exists(image_)) {
        try {
            if (!is_kept_) restore(image_, copy_);
        } catch (const std::exception& error) {
            g_message("%s; undo once to have the image as it was.", error.what());
        }
        end_undo_group(image_);
    }
    delete_image(copy_);
}

Unlocked::Unlocked(const std::vector<Id>& items) {
    for (Id item : items) {
        for (; item >= 0; item = parent_of(item)) {
            const Locks locks = locks_of(item);
            if (!locks.pixels && !locks.position) continue;
            set_locks(item, {});
            locked_.emplace_back(item, locks);
        }
    }
}

Unlocked::~Unlocked() {
    for (const auto& [item, locks] : locked_) {
        if (item_exists(item)) set_locks(item, locks);
    }
}

void require(bool success, const char* what) {
    if (success) return;
    const std::string reason = last_error();
    throw Failure(std::string("GIMP could not ") + what + (reason.empty() ? "." : ": " + reason));
}

void replace_pixels(Id drawable, GeglBuffer* pixels) {
    require(item_exists(drawable), "find a layer again");
    const BufferPtr target = shadow_of(drawable);
    const GeglRectangle* from = gegl_buffer_get_extent(pixels);
    const GeglRectangle* to = gegl_buffer_get_extent(target.get());
    require(from->width == to->width && from->height == to->height,
            "give a layer the size that it should have");
    gegl_buffer_copy(pixels, nullptr, GEGL_ABYSS_NONE, target.get(), nullptr);
    gegl_buffer_flush(target.get());
    require(merge_shadow(drawable), "change a layer's pixels");
}

}  // namespace sisr::gimp
