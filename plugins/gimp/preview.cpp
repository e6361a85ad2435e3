#include "preview.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <tuple>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr int kViewSide = 240;      ///< of the crop on the screen, in pixels
constexpr int kOverviewSide = 160;  ///< of the whole layer on the screen
constexpr int kMargin = 16;         ///< source pixels; more than that changes nothing to be seen
constexpr guint kDelay = 150;       ///< milliseconds without a change before rendering

constexpr int kCheckSide = 8;
constexpr guint32 kCheckLight = 0x999999;
constexpr guint32 kCheckDark = 0x666666;

/// Pixels of a rectangle for the screen, what is transparent over a chequerboard.
PixbufPtr to_pixbuf(GeglBuffer* buffer, const GeglRectangle& area, double scale = 1) {
    PixbufPtr rgba(gdk_pixbuf_new(GDK_COLORSPACE_RGB, TRUE, 8, area.width, area.height));
    if (!rgba) throw std::bad_alloc();
    gegl_buffer_get(buffer, &area, scale, babl_format("R'G'B'A u8"),
                    gdk_pixbuf_get_pixels(rgba.get()), gdk_pixbuf_get_rowstride(rgba.get()),
                    GEGL_ABYSS_CLAMP);
    return PixbufPtr(gdk_pixbuf_composite_color_simple(rgba.get(), area.width, area.height,
                                                       GDK_INTERP_NEAREST, 255, kCheckSide,
                                                       kCheckLight, kCheckDark));
}

GtkWidget* captioned(GtkWidget* image, GtkWidget* caption, GtkWidget* row) {
    GtkWidget* column = new_box(GTK_ORIENTATION_VERTICAL, 4);
    gtk_box_pack_start(GTK_BOX(column), image, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(column), caption, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), column, FALSE, FALSE, 0);
    return image;
}

int scaled(int length, double scale) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
}

/// A part of [0, length) of `wanted` at most, as near round `centre` as there is room.
std::pair<int, int> part_of(int length, int wanted, double centre) {
    const int size = std::min(length, wanted);
    const int begin = static_cast<int>(std::lround(centre - size / 2.0));
    return {std::clamp(begin, 0, length - size), size};
}

}  // namespace

Preview::Preview(Id layer)
    : layer_(layer),
      source_(pixels_of(layer)),
      extent_(*gegl_buffer_get_extent(source_.get())),
      box_(new_box(GTK_ORIENTATION_HORIZONTAL, 12)),
      overview_(gtk_image_new()),
      before_(gtk_image_new()),
      after_(gtk_image_new()),
      caption_(new_label("")),
      centre_x_(extent_.width / 2.0),
      centre_y_(extent_.height / 2.0) {
    const double scale =
        static_cast<double>(kOverviewSide) / std::max(extent_.width, extent_.height);
    const GeglRectangle small{0, 0, std::max(1, static_cast<int>(extent_.width * scale)),
                              std::max(1, static_cast<int>(extent_.height * scale))};
    overview_pixels_ = to_pixbuf(source_.get(), small, scale);

    GtkWidget* clickable = gtk_event_box_new();
    gtk_container_add(GTK_CONTAINER(clickable), overview_);
    gtk_widget_add_events(clickable, GDK_BUTTON_PRESS_MASK);
    gtk_widget_set_tooltip_text(clickable, "Click where to look closer");
    g_signal_connect(clickable, "button-press-event", G_CALLBACK(on_click), this);
    captioned(clickable, new_label("Layer (click to look closer)"), box_);
    captioned(before_, new_label("Plain enlargement"), box_);
    captioned(after_, caption_, box_);
    gtk_widget_set_size_request(clickable, kOverviewSide, kViewSide);
    gtk_widget_set_size_request(before_, kViewSide, kViewSide);
    gtk_widget_set_size_request(after_, kViewSide, kViewSide);
    gtk_label_set_line_wrap(GTK_LABEL(caption_), TRUE);
    gtk_widget_set_size_request(caption_, kViewSide, -1);
}

Preview::~Preview() {
    if (timeout_ != 0) g_source_remove(timeout_);
}

void Preview::update(const Settings& settings, double across, double down) {
    settings_ = settings;
    across_ = across;
    down_ = down;
    schedule();
}

void Preview::schedule() {
    if (timeout_ != 0) g_source_remove(timeout_);
    timeout_ = g_timeout_add(kDelay, on_timeout, this);
}

gboolean Preview::on_timeout(gpointer self) {
    auto* preview = static_cast<Preview*>(self);
    // The running one sees that it is stale and gives up soon.
    if (preview->rendering_) return G_SOURCE_CONTINUE;
    preview->timeout_ = 0;
    preview->rendering_ = true;
    try {
        if (!item_exists(preview->layer_)) throw Failure("The layer is no longer there.");
        preview->show_overview();
        preview->render();
    } catch (const Failure& failure) {
        gtk_image_clear(GTK_IMAGE(preview->after_));
        gtk_label_set_text(GTK_LABEL(preview->caption_), failure.what());
    } catch (const std::bad_alloc&) {
        gtk_label_set_text(GTK_LABEL(preview->caption_), "Out of memory");
    }
    preview->rendering_ = false;
    return G_SOURCE_REMOVE;
}

gboolean Preview::on_progress(gpointer self, gdouble /*fraction*/) {
    const auto* preview = static_cast<const Preview*>(self);
    while (gtk_events_pending()) gtk_main_iteration();
    return preview->timeout_ == 0;
}

gboolean Preview::on_click(GtkWidget* widget, GdkEventButton* event, gpointer self) {
    auto* preview = static_cast<Preview*>(self);
    GtkAllocation room;
    gtk_widget_get_allocation(widget, &room);
    const int width = gdk_pixbuf_get_width(preview->overview_pixels_.get());
    const int height = gdk_pixbuf_get_height(preview->overview_pixels_.get());
    // The image sits in the middle of its room.
    const double x = (event->x - (room.width - width) / 2.0) / width;
    const double y = (event->y - (room.height - height) / 2.0) / height;
    preview->centre_x_ = std::clamp(x, 0.0, 1.0) * preview->extent_.width;
    preview->centre_y_ = std::clamp(y, 0.0, 1.0) * preview->extent_.height;
    preview->schedule();
    return TRUE;
}

Preview::Crop Preview::crop() const {
    Crop crop{};
    auto& shown = crop.shown;
    std::tie(shown.x, shown.width) =
        part_of(extent_.width, std::max(1, static_cast<int>(kViewSide / across_)), centre_x_);
    std::tie(shown.y, shown.height) =
        part_of(extent_.height, std::max(1, static_cast<int>(kViewSide / down_)), centre_y_);
    const GeglRectangle wide{shown.x - kMargin, shown.y - kMargin, shown.width + 2 * kMargin,
                             shown.height + 2 * kMargin};
    gegl_rectangle_intersect(&crop.input, &wide, &extent_);
    crop.width = scaled(crop.input.width, across_);
    crop.height = scaled(crop.input.height, down_);
    crop.shown_width = std::min(crop.width, scaled(shown.width, across_));
    crop.shown_height = std::min(crop.height, scaled(shown.height, down_));
    crop.left = std::min(static_cast<int>(std::lround((shown.x - crop.input.x) * across_)),
                         crop.width - crop.shown_width);
    crop.top = std::min(static_cast<int>(std::lround((shown.y - crop.input.y) * down_)),
                        crop.height - crop.shown_height);
    return crop;
}

void Preview::show_overview() {
    const Crop area = crop();
    PixbufPtr marked(gdk_pixbuf_copy(overview_pixels_.get()));
    if (!marked) throw std::bad_alloc();
    const int width = gdk_pixbuf_get_width(marked.get());
    const int height = gdk_pixbuf_get_height(marked.get());
    const double scale = static_cast<double>(width) / extent_.width;
    const int x0 = std::clamp(static_cast<int>(area.shown.x * scale), 0, width - 1);
    const int y0 = std::clamp(static_cast<int>(area.shown.y * scale), 0, height - 1);
    const int x1 =
        std::clamp(static_cast<int>((area.shown.x + area.shown.width) * scale), x0 + 1, width);
    const int y1 =
        std::clamp(static_cast<int>((area.shown.y + area.shown.height) * scale), y0 + 1, height);
    const auto fill = [&](int x, int y, int w, int h) {
        const PixbufPtr part(gdk_pixbuf_new_subpixbuf(marked.get(), x, y, w, h));
        gdk_pixbuf_fill(part.get(), 0xffcc00ff);
    };
    fill(x0, y0, x1 - x0, 1);
    fill(x0, y1 - 1, x1 - x0, 1);
    fill(x0, y0, 1, y1 - y0);
    fill(x1 - 1, y0, 1, y1 - y0);
    gtk_image_set_from_pixbuf(GTK_IMAGE(overview_), marked.get());
}

SisrBridgeInput Preview::judge_layer() {
    if (settings_.input != SISR_BRIDGE_INPUT_AUTO) return settings_.input;
    const Judged asked{settings_.model, across_, down_};
    if (judged_ && *judged_ == asked) return input_;
    const SisrBridgeSettings bridge =
        bridge_settings(settings_, {scaled(extent_.width, across_), scaled(extent_.height, down_)},
                        settings_.scale);
    GError* error = nullptr;
    if (!sisr_bridge_judge(source_.get(), &extent_, &bridge, &input_, &error)) {
        throw_failure(error);
    }
    judged_ = asked;
    return input_;
}

void Preview::render() {
    const Crop area = crop();
    const PixbufPtr small = to_pixbuf(source_.get(), area.shown);
    const PixbufPtr plain(gdk_pixbuf_scale_simple(small.get(), area.shown_width, area.shown_height,
                                                  GDK_INTERP_BILINEAR));
    gtk_image_set_from_pixbuf(GTK_IMAGE(before_), plain.get());
    gtk_label_set_text(GTK_LABEL(caption_), "Working...");

    const GeglRectangle room{0, 0, area.width, area.height};
    const BufferPtr result(
        gegl_buffer_new(&room, sisr_bridge_working_format(gegl_buffer_get_format(source_.get()))));
    SisrBridgeSettings bridge =
        bridge_settings(settings_, {area.width, area.height}, settings_.scale);
    bridge.input = judge_layer();
    GError* error = nullptr;
    if (!sisr_bridge_upscale(source_.get(), &area.input, result.get(), 0, 0, &bridge, on_progress,
                             this, &error)) {
        // What is stale is made again.
        if (g_error_matches(error, SISR_BRIDGE_ERROR, SISR_BRIDGE_ERROR_CANCELLED)) {
            g_error_free(error);
            return;
        }
        throw_failure(error);
    }
    const GeglRectangle shown{area.left, area.top, area.shown_width, area.shown_height};
    gtk_image_set_from_pixbuf(GTK_IMAGE(after_), to_pixbuf(result.get(), shown).get());
    gtk_label_set_text(GTK_LABEL(caption_), "Super-resolution");
}

}  // namespace sisr::gimp
