#include "plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace sisr::gimp {
namespace {

double pixel_count(Size size) { return static_cast<double>(size.width) * size.height; }

/// One border of an item that is scaled, as GIMP rounds.
int scaled(int offset, double factor) { return static_cast<int>(std::lround(factor * offset)); }

/// Where GIMP puts a layer of a canvas that it scales.
Place scaled_place(const Place& place, double across, double down) {
    const auto side = [](int offset, int length, double factor) {
        return std::max(1, scaled(offset + length, factor) - scaled(offset, factor));
    };
    return {scaled(place.x, across),
            scaled(place.y, down),
            {side(place.x, place.size.width, across), side(place.y, place.size.height, down)}};
}

/// Where GIMP puts what is in a group that it scales: by sizes, and by offsets from the group's.
Place place_in_group(const Place& place, const Place& before, const Place& after) {
    const double across = static_cast<double>(after.size.width) / before.size.width;
    const double down = static_cast<double>(after.size.height) / before.size.height;
    return {after.x + scaled(place.x - before.x, across),
            after.y + scaled(place.y - before.y, down),
            {std::max(1, scaled(place.size.width, across)),
             std::max(1, scaled(place.size.height, down))}};
}

/// Adds a layer that GIMP will scale from one place to another, or the layers in a group.
void add_layer(Id layer, const Place& before, const Place& after, Plan& plan) {
    if (!is_group(layer)) {
        const double scale = scale_between(plan.canvas_before, plan.canvas_after);
        plan.layers.push_back({layer, before, after.size, scale});
        return;
    }
    for (const Id child : group_children(layer)) {
        const Place place = place_of(child);
        add_layer(child, place, place_in_group(place, before, after), plan);
    }
}

void require_image(const Selection& selection) {
    if (!image_exists(selection.image)) throw Failure("The image was closed.");
}

void require_at_rest(const Selection& selection) {
    require_image(selection);
    if (has_floating_selection(selection.image)) {
        throw Failure("Anchor the floating selection first, or make it a layer.");
    }
}

std::string quoted(Id item) { return '"' + item_name(item) + '"'; }

/// One layer for each thing chosen; a mask's is the layer that it belongs to.
std::vector<Id> chosen_layers(const Selection& selection) {
    std::vector<Id> layers;
    for (const Id drawable : selection.drawables) {
        if (!item_exists(drawable)) throw Failure("The layer is no longer there.");
        const Id layer = layer_of(drawable);
        if (layer < 0) throw Failure(quoted(drawable) + " is not a layer; choose one.");
        if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
    }
    if (layers.empty()) throw Failure("No layer is chosen.");
    return layers;
}

std::vector<Id> layers_in_place(const Selection& selection) {
    std::vector<Id> layers = chosen_layers(selection);
    for (const Id layer : layers) {
        if (!is_group(layer)) continue;
        throw Failure(quoted(layer) +
                      " is a layer group; choose a layer in it, the whole image or a new image.");
    }
    return layers;
}

std::vector<Id> layer_to_copy(const Selection& selection) {
    std::vector<Id> layers = chosen_layers(selection);
    if (layers.size() != 1) throw Failure("Choose one layer for the new image.");
    return layers;
}

/// GIMP ends plug-ins that write to what is locked, and refuses to scale a layer whose position is.
void require_unlocked(Id layer, bool is_moved) {
    for (Id item = layer; item >= 0; item = parent_of(item)) {
        const Locks locks = locks_of(item);
        const std::string whose =
            item == layer ? quoted(layer)
                          : quoted(item) + ", the group that " + quoted(layer) + " is in,";
        if (locks.pixels) throw Failure(whose + " has its pixels locked; unlock them first.");
        if (is_moved && locks.position) {
            throw Failure(whose + " has its position locked; unlock it first.");
        }
    }
}

void require_within_limits(const Plan& plan) {
    for (const PlannedLayer& planned : plan.layers) {
        if (std::max(planned.after.width, planned.after.height) <= max_image_side()) continue;
        throw Failure(quoted(planned.layer) + " would be " + to_text(planned.after) +
                      " pixels; GIMP takes no more than " + std::to_string(max_image_side()) +
                      " each way.");
    }
}

void plan_image(const Settings& settings, Plan& plan) {
    plan.canvas_before = image_size(plan.image);
    plan.canvas_after = target_size(settings, plan.canvas_before);
    const double across = static_cast<double>(plan.canvas_after.width) / plan.canvas_before.width;
    const double down = static_cast<double>(plan.canvas_after.height) / plan.canvas_before.height;
    for (const Id layer : top_layers(plan.image)) {
        const Place place = place_of(layer);
        add_layer(layer, place, scaled_place(place, across, down), plan);
    }
}

void plan_layers(const std::vector<Id>& layers, const Settings& settings, Plan& plan) {
    plan.canvas_before = plan.canvas_after = image_size(plan.image);
    for (const Id layer : layers) {
        const Place before = place_of(layer);
        const Size after = target_size(settings, before.size);
        plan.layers.push_back({layer, before, after, scale_between(before.size, after)});
    }
}

std::optional<Id> first_layer(const std::vector<Id>& layers) {
    for (const Id layer : layers) {
        if (!is_group(layer)) return layer;
        if (const auto child = first_layer(group_children(layer))) return child;
    }
    return std::nullopt;
}

}  // namespace

bool Plan::resizes() const {
    return canvas_before != canvas_after ||
           std::any_of(layers.begin(), layers.end(), [](const PlannedLayer& planned) {
               return planned.before.size != planned.after;
           });
}

bool operator==(const Plan& a, const Plan& b) {
    const auto same = [](const PlannedLayer& x, const PlannedLayer& y) {
        return x.layer == y.layer && x.before == y.before && x.after == y.after;
    };
    return std::tie(a.mode, a.image, a.canvas_before, a.canvas_after) ==
               std::tie(b.mode, b.image, b.canvas_before, b.canvas_after) &&
           std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(), same);
}

Plan make_plan(const Selection& selection, const Settings& settings) {
    require_at_rest(selection);
    Plan plan;
    plan.mode = settings.mode;
    plan.image = selection.image;
    switch (settings.mode) {
        case Mode::image: plan_image(settings, plan); break;
        case Mode::layer: plan_layers(layers_in_place(selection), settings, plan); break;
        case Mode::new_image: plan_layers(layer_to_copy(selection), settings, plan); break;
    }
    if (settings.mode != Mode::new_image) {
        const bool is_moved = settings.mode == Mode::layer && plan.resizes();
        for (const PlannedLayer& planned : plan.layers) require_unlocked(planned.layer, is_moved);
    }
    require_within_limits(plan);
    return plan;
}

double needed_bytes(const Plan& plan) {
    // The results, GIMP's own of them, and the plain enlargement that undo keeps.
    constexpr int kCopies = 3;
    double bytes = 0;
    for (const PlannedLayer& planned : plan.layers) {
        const Babl* format = result_format(gegl_buffer_get_format(pixels_of(planned.layer).get()));
        bytes += kCopies * pixel_count(planned.after) * babl_format_get_bytes_per_pixel(format);
    }
    return bytes;
}

void require_room(const Plan& plan) {
    GError* error = nullptr;
    if (!sisr_bridge_has_room(static_cast<guint64>(needed_bytes(plan)), &error))
        throw_failure(error);
}

std::string obstacle(const Selection& selection, Mode mode) {
    try {
        require_at_rest(selection);
        if (mode == Mode::new_image) layer_to_copy(selection);
        if (mode == Mode::layer) {
            for (const Id layer : layers_in_place(selection)) require_unlocked(layer, true);
        }
    } catch (const Failure& failure) {
        return failure.what();
    }
    return {};
}

Size planned_input(const Selection& selection, Mode mode) {
    require_image(selection);
    if (mode == Mode::image) return image_size(selection.image);
    return place_of(chosen_layers(selection).front()).size;
}

Id preview_layer(const Selection& selection) {
    require_image(selection);
    for (const Id drawable : selection.drawables) {
        if (!item_exists(drawable)) continue;
        if (const Id layer = layer_of(drawable); layer >= 0) return layer;
    }
    if (const auto layer = first_layer(top_layers(selection.image))) return *layer;
    throw Failure("The image has no layer.");
}

const Babl* result_format(const Babl* format) {
    if (!babl_format_is_palette(format)) return format;
    return babl_format_with_space(babl_format_has_alpha(format) ? "R'G'B'A u8" : "R'G'B' u8",
                                  format);
}

}  // namespace sisr::gimp
