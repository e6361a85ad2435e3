#include "upscale.h"

#include "change.h"
#include "picture.h"
#include "progress.h"

#include <utility>

namespace sisr::gimp {
namespace {

/// A layer's pixels to be, not yet in the image.
struct Result {
    BufferPtr pixels;
    std::string input_checksum;
};

constexpr const char* kChanged = "The image was changed while it was enlarged";
constexpr const char* kUnchanged = " The result was not put in; the image is as you left it.";

/// Throws Failure unless what was planned is there; what is not cannot be asked about.
void require_there(const Plan& plan) {
    if (!image_exists(plan.image)) throw Failure("The image was closed while it was enlarged.");
    for (const PlannedLayer& planned : plan.layers) {
        if (!item_exists(planned.layer)) throw Failure(kChanged + std::string(".") + kUnchanged);
    }
}

/// Throws Failure where the image is no longer what was planned for.
void require_as_planned(const Plan& plan, const Selection& selection, const Settings& settings) {
    require_there(plan);
    Plan now;
    try {
        now = make_plan(selection, settings);
    } catch (const Failure& failure) {
        throw Failure(kChanged + std::string(": ") + failure.what() + kUnchanged);
    }
    if (!(now == plan)) throw Failure(kChanged + std::string(".") + kUnchanged);
}

void require_as_read(const Plan& plan, const std::vector<Result>& results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Id layer = plan.layers[i].layer;
        if (checksum_of(pixels_of(layer).get()) == results[i].input_checksum) continue;
        throw Failure('"' + item_name(layer) + "\" was changed while it was enlarged." +
                      kUnchanged);
    }
}

Result enlarge(const PlannedLayer& planned, const Settings& settings, ProgressBar& bar) {
    Snapshot source = take_snapshot(planned.layer);
    const GeglRectangle extent{0, 0, planned.after.width, planned.after.height};
    const Babl* format = result_format(gegl_buffer_get_format(source.pixels.get()));
    BufferPtr pixels(gegl_buffer_new(&extent, format));
    const SisrBridgeSettings bridge = bridge_settings(settings, planned.after, planned.scale);
    GError* error = nullptr;
    bar.begin_part(planned.before.size);
    if (!sisr_bridge_upscale(source.pixels.get(), nullptr, pixels.get(), 0, 0, &bridge,
                             ProgressBar::report, &bar, &error)) {
        throw_failure(error);
    }
    return {std::move(pixels), std::move(source.checksum)};
}

std::vector<Result> enlarge_all(const Plan& plan, const Selection& selection,
                                const Settings& settings) {
    std::vector<Size> parts;
    for (const PlannedLayer& planned : plan.layers) parts.push_back(planned.before.size);
    ProgressBar bar(parts);
    std::vector<Result> results;
    for (const PlannedLayer& planned : plan.layers) {
        require_there(plan);
        results.push_back(enlarge(planned, settings, bar));
    }
    require_as_planned(plan, selection, settings);
    return results;
}

std::vector<Id> ids_of(const std::vector<PlannedLayer>& layers) {
    std::vector<Id> ids;
    for (const PlannedLayer& planned : layers) ids.push_back(planned.layer);
    return ids;
}

/// GIMP's own rounding may differ from ours by a pixel.
void fit_border(Id layer, Size size) {
    require(item_exists(layer), "find a layer again");
    if (place_of(layer).size == size) return;
    const Unlocked unlocked({layer});
    require(crop_layer(layer, size), "fit a layer's border");
}

void put_results(const Plan& plan, const std::vector<Result>& results) {
    // What is selected and locked counts where pixels change in place, as for any filter.
    std::unique_ptr<Unhindered> all;
    if (plan.resizes()) all = std::make_unique<Unhindered>(plan.image, ids_of(plan.layers));
    for (std::size_t i = 0; i < results.size(); ++i) {
        fit_border(plan.layers[i].layer, plan.layers[i].after);
        replace_pixels(plan.layers[i].layer, results[i].pixels.get());
    }
}

void scale_all(const Plan& plan) {
    if (plan.mode == Mode::image) {
        require(
            plan.canvas_before == plan.canvas_after || scale_image(plan.image, plan.canvas_after),
            "scale the image");
        return;
    }
    for (const PlannedLayer& planned : plan.layers) {
        require(planned.before.size == planned.after || scale_layer(planned.layer, planned.after),
                "scale the layer");
    }
}

void scale_resolution(const Plan& plan) {
    const Resolution before = resolution(plan.image);
    set_resolution(plan.image, {before.x * plan.canvas_after.width / plan.canvas_before.width,
                                before.y * plan.canvas_after.height / plan.canvas_before.height});
}

Id change_image(const Plan& plan, const std::vector<Result>& results, const Settings& settings) {
    require_as_read(plan, results);
    const bool was_indexed = is_indexed(plan.image);
    {
        Change change(plan.image);
        require(!was_indexed || convert_to_rgb(plan.image), "convert the image to RGB");
        scale_all(plan);
        put_results(plan, results);
        if (plan.mode == Mode::image && settings.keep_print_size) scale_resolution(plan);
        change.keep();
    }
    if (was_indexed) {
        g_message(
            "The image was indexed. It is RGB now, since an enlarged picture needs more colours "
            "than its palette has.");
    }
    return plan.image;
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

Id make_new_image(const Plan& plan, const Result& result) {
    const PlannedLayer& planned = plan.layers.front();
    NewImage image(plan.image, planned.after);
    const Id copy = copy_layer(planned.layer, image.id());
    require(copy >= 0, "copy the layer");
    require(planned.before.size == planned.after || scale_layer(copy, planned.after),
            "scale the layer");
    require(move_layer(copy, 0, 0), "move the layer");
    replace_pixels(copy, result.pixels.get());
    return image.keep();
}

}  // namespace

Id upscale(const Selection& selection, const Settings& settings) {
    const Plan plan = make_plan(selection, settings);
    require_room(plan);
    const std::vector<Result> results = enlarge_all(plan, selection, settings);
    const Id image = plan.mode == Mode::new_image ? make_new_image(plan, results.front())
                                                  : change_image(plan, results, settings);
    flush_displays();
    return image;
}

}  // namespace sisr::gimp
