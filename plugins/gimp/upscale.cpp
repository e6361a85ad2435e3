#include "upscale.h"

#include <algorithm>
#include <cmath>
#include <libgimp/gimp.h>
#include <optional>
#include <utility>

namespace sisr::gimp {
namespace {

/// GIMP's own bar. Its cancel button ends this process, which by then has changed nothing.
class ProgressBar {
public:
    explicit ProgressBar(double all_pixels) : all_pixels_(all_pixels) {
        gimp_progress_init("Super-resolution");
    }
    ~ProgressBar() { gimp_progress_end(); }
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;

    /// The next part of the work, in pixels.
    void begin_part(double pixels) {
        done_pixels_ += part_pixels_;
        part_pixels_ = pixels;
    }

    static gboolean report(gpointer self, gdouble fraction) {
        const auto* bar = static_cast<const ProgressBar*>(self);
        const double done = bar->done_pixels_ + fraction * bar->part_pixels_;
        return gimp_progress_update(std::min(1.0, done / bar->all_pixels_));
    }

private:
    double all_pixels_;
    double done_pixels_ = 0;
    double part_pixels_ = 0;
};

/// Ends the group also when something throws, so that one undo step takes all of it back.
class UndoGroup {
public:
    explicit UndoGroup(Id image) : image_(image) { begin_undo_group(image_); }
    ~UndoGroup() { end_undo_group(image_); }
    UndoGroup(const UndoGroup&) = delete;
    UndoGroup& operator=(const UndoGroup&) = delete;

private:
    Id image_;
};

/// A layer's pixels to be, not yet in the image.
struct Enlarged {
    Id layer = -1;
    Size before;
    Size after;
    double scale = 1;  ///< of the whole, at which a family's member is chosen
    BufferPtr pixels;
};

double pixel_count(Size size) { return static_cast<double>(size.width) * size.height; }

void require(bool success, const char* what) {
    if (!success) throw Failure(std::string("GIMP could not ") + what);
}

/// What a layer of this format holds after its image is no longer indexed.
const Babl* result_format(const Babl* format) {
    if (!babl_format_is_palette(format)) return format;
    return babl_format_with_space(babl_format_has_alpha(format) ? "R'G'B'A u8" : "R'G'B' u8",
                                  format);
}

BufferPtr enlarge(const Enlarged& layer, const Settings& settings, ProgressBar& bar) {
    const BufferPtr source = layer_pixels(layer.layer);
    const GeglRectangle extent{0, 0, layer.after.width, layer.after.height};
    BufferPtr result(gegl_buffer_new(&extent, result_format(gegl_buffer_get_format(source.get()))));
    const SisrBridgeSettings bridge = bridge_settings(settings, layer.after, layer.scale);
    GError* error = nullptr;
    bar.begin_part(pixel_count(layer.before));
    if (!sisr_bridge_upscale(source.get(), nullptr, result.get(), 0, 0, &bridge,
                             ProgressBar::report, &bar, &error)) {
        throw_failure(error);
    }
    return result;
}

/// Throws Failure when there is no room for the results and for GIMP's own copies of them.
void require_room(const std::vector<Enlarged>& layers) {
    double bytes = 0;
    for (const Enlarged& layer : layers) {
        const Babl* format = result_format(gegl_buffer_get_format(layer_pixels(layer.layer).get()));
        bytes += 2 * pixel_count(layer.after) * babl_format_get_bytes_per_pixel(format);
    }
    GError* error = nullptr;
    if (!sisr_bridge_has_room(static_cast<guint64>(bytes), &error)) throw_failure(error);
}

void enlarge_all(std::vector<Enlarged>& layers, const Settings& settings) {
    require_room(layers);
    double pixels = 0;
    for (const Enlarged& layer : layers) pixels += pixel_count(layer.before);
    ProgressBar bar(pixels);
    for (Enlarged& layer : layers) {
        layer.pixels = enlarge(layer, settings, bar);
    }
}

/// Puts the pixels into a layer that was scaled already.
void put_pixels(const Enlarged& enlarged, Id layer) {
    const Size size = layer_place(layer).size;
    // Rounding inside of groups is GIMP's own; it may differ from ours by a pixel.
    if (size != enlarged.after) require(crop_layer(layer, enlarged.after), "fit a layer's border");
    // Scaling has saved the old pixels for undo, but only where there was something to scale.
    const bool was_saved = size != enlarged.before || size != enlarged.after;
    const BufferPtr target = was_saved ? layer_pixels(layer) : shadow_pixels(layer);
    gegl_buffer_copy(enlarged.pixels.get(), nullptr, GEGL_ABYSS_NONE, target.get(), nullptr);
    gegl_buffer_flush(target.get());
    if (!was_saved) merge_shadow(layer);
    update_layer(layer);
}

void make_rgb(Id image) {
    if (!is_indexed(image)) return;
    require(convert_to_rgb(image), "convert the image to RGB");
    gimp_message(
        "The image was indexed. It is RGB now, since an enlarged picture needs more "
        "colours than its palette has.");
}

/// As GIMP rounds: both borders are scaled, the size lies between.
int scaled_length(int offset, int length, double factor) {
    const auto begin = static_cast<int>(std::lround(factor * offset));
    return std::max(1, static_cast<int>(std::lround(factor * (offset + length))) - begin);
}

class ImageScaling {
public:
    ImageScaling(Size from, Size to)
        : across_(static_cast<double>(to.width) / from.width),
          down_(static_cast<double>(to.height) / from.height),
          scale_(scale_between(from, to)) {}

    void add_layers(const std::vector<Id>& layers, std::vector<Enlarged>& found) const {
        for (const Id layer : layers) {
            if (is_group(layer)) {
                add_layers(group_children(layer), found);
                continue;
            }
            const Place place = layer_place(layer);
            const Size after{scaled_length(place.x, place.size.width, across_),
                             scaled_length(place.y, place.size.height, down_)};
            found.push_back({layer, place.size, after, scale_, nullptr});
        }
    }

    Resolution scaled(Resolution resolution) const {
        return {resolution.x * across_, resolution.y * down_};
    }

private:
    double across_;
    double down_;
    double scale_;
};

Id upscale_image(Id image, const Settings& settings) {
    const Size before = image_size(image);
    const Size after = target_size(settings, before);
    const ImageScaling scaling(before, after);
    std::vector<Enlarged> layers;
    scaling.add_layers(top_layers(image), layers);
    enlarge_all(layers, settings);

    const UndoGroup group(image);
    make_rgb(image);
    require(before == after || scale_image(image, after), "scale the image");
    for (const Enlarged& layer : layers) put_pixels(layer, layer.layer);
    if (settings.keep_print_size) set_resolution(image, scaling.scaled(resolution(image)));
    return image;
}

std::vector<Id> chosen_layers(const Selection& selection) {
    std::vector<Id> layers;
    for (const Id drawable : selection.drawables) {
        const Id layer = layer_of(drawable);
        if (layer < 0) throw Failure(item_name(drawable) + ": not a layer; choose one");
        layers.push_back(layer);
    }
    if (layers.empty()) throw Failure("No layer is chosen.");
    return layers;
}

Id upscale_layers(const Selection& selection, const Settings& settings) {
    std::vector<Enlarged> layers;
    for (const Id layer : chosen_layers(selection)) {
        if (is_group(layer)) {
            throw Failure(item_name(layer) +
                          ": a layer group; choose a layer in it, the whole image or a new image");
        }
        if (is_locked(layer)) throw Failure(item_name(layer) + ": the layer is locked");
        const Size before = layer_place(layer).size;
        const Size after = target_size(settings, before);
        layers.push_back({layer, before, after, scale_between(before, after), nullptr});
    }
    enlarge_all(layers, settings);

    const UndoGroup group(selection.image);
    make_rgb(selection.image);
    for (const Enlarged& layer : layers) {
        require(layer.before == layer.after || scale_layer(layer.layer, layer.after),
                "scale the layer");
        put_pixels(layer, layer.layer);
    }
    return selection.image;
}

/// A new image that is deleted unless it is kept.
class NewImage {
public:
    NewImage(Id like, Size size) : image_(new_image_like(like, size)) {
        set_undo_enabled(image_, false);
    }
    ~NewImage() {
        if (image_ >= 0) delete_image(image_);
    }
    NewImage(const NewImage&) = delete;
    NewImage& operator=(const NewImage&) = delete;

    Id id() const { return image_; }
    Id keep() {
        set_undo_enabled(image_, true);
        return std::exchange(image_, -1);
    }

private:
    Id image_;
};

Id upscale_to_new_image(const Selection& selection, const Settings& settings) {
    const std::vector<Id> chosen = chosen_layers(selection);
    if (chosen.size() != 1) throw Failure("Choose one layer for the new image.");
    const Size before = layer_place(chosen[0]).size;
    const Size after = target_size(settings, before);
    std::vector<Enlarged> layers;
    layers.push_back({chosen[0], before, after, scale_between(before, after), nullptr});
    const Enlarged& layer = layers[0];
    enlarge_all(layers, settings);

    NewImage image(selection.image, layer.after);
    const Id copy = copy_layer(layer.layer, image.id());
    require(copy >= 0, "copy the layer");
    require(before == layer.after || scale_layer(copy, layer.after), "scale the layer");
    require(move_layer(copy, 0, 0), "move the layer");
    put_pixels(layer, copy);
    return image.keep();
}

std::optional<Id> first_layer(const std::vector<Id>& layers) {
    for (const Id layer : layers) {
        if (!is_group(layer)) return layer;
        if (const auto child = first_layer(group_children(layer))) return child;
    }
    return std::nullopt;
}

/// The new picture, or the selection's own.
Id upscale_by_mode(const Selection& selection, const Settings& settings) {
    switch (settings.mode) {
        case Mode::image: return upscale_image(selection.image, settings);
        case Mode::layer: return upscale_layers(selection, settings);
        case Mode::new_image: return upscale_to_new_image(selection, settings);
    }
    return selection.image;
}

}  // namespace

Id upscale(const Selection& selection, const Settings& settings) {
    if (has_floating_selection(selection.image)) {
        throw Failure("Anchor the floating selection first, or make it a layer.");
    }
    const Id result = upscale_by_mode(selection, settings);
    flush_displays();
    return result;
}

Id preview_layer(const Selection& selection) {
    for (const Id drawable : selection.drawables) {
        if (const Id layer = layer_of(drawable); layer >= 0) return layer;
    }
    if (const auto layer = first_layer(top_layers(selection.image))) return *layer;
    throw Failure("The image has no layer.");
}

}  // namespace sisr::gimp
