#include "preview.h"

#include "base/numbers.h"

#include <algorithm>
#include <cmath>
#include <new>

namespace sisr::gimp {
namespace {

constexpr int kCell = 32;             ///< side in source pixels
constexpr int kMargin = 16;           ///< source pixels; more than that changes nothing to be seen
constexpr guint kDelay = 60;          ///< milliseconds without a change before there is work
constexpr double kPartSeconds = 0.4;  ///< that one part should take
constexpr int kFirstPixels = 128 * 128;  ///< of a part as long as nobody knows what one takes
constexpr int kReadAhead = 64;           ///< source pixels round what is visible
constexpr std::size_t kMostBytes = std::size_t{192} << 20;
constexpr std::size_t kMeasures = 3;
constexpr int kMeasuredSide = 256;  ///< of a part that is made for its time, in source pixels
constexpr double kSlowSeconds = 2;  ///< beside which the reading of a model's file is nothing

GeglRectangle grown(const GeglRectangle& area, int margin, const GeglRectangle& extent) {
    const GeglRectangle wide{area.x - margin, area.y - margin, area.width + 2 * margin,
                             area.height + 2 * margin};
    GeglRectangle result{};
    gegl_rectangle_intersect(&result, &wide, &extent);
    return result;
}

double pixel_count(const GeglRectangle& area) {
    return static_cast<double>(area.width) * area.height;
}

int scaled(int length, double scale) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
}

bool contains(const GeglRectangle& outer, const GeglRectangle& inner) {
    return gegl_rectangle_contains(&outer, &inner) != FALSE;
}

/// Paints a surface over a rectangle of the context, which it fills.
void paint_stretched(cairo_t* context, cairo_surface_t* surface, const GeglRectangle& area) {
    cairo_save(context);
    cairo_rectangle(context, area.x, area.y, area.width, area.height);
    cairo_clip(context);
    cairo_translate(context, area.x, area.y);
    cairo_scale(context, static_cast<double>(area.width) / cairo_image_surface_get_width(surface),
                static_cast<double>(area.height) / cairo_image_surface_get_height(surface));
    cairo_set_source_surface(context, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST);
    cairo_pattern_set_extend(cairo_get_source(context), CAIRO_EXTEND_PAD);
    cairo_paint(context);
    cairo_restore(context);
}

std::string joined(std::initializer_list<double> values) {
    std::string text;
    for (const double value : values) text += '|' + format_number(value, 6);
    return text;
}

}  // namespace

Preview::Preview(Id layer, std::function<void()> measured)
    : layer_(layer),
      source_(pixels_of(layer)),
      extent_(*gegl_buffer_get_extent(source_.get())),
      measured_(std::move(measured)),
      box_(new_box(GTK_ORIENTATION_VERTICAL, 6)),
      status_(new_label("")),
      zoom_(gtk_combo_box_text_new()),
      renderer_([this](const PartRequest& request, Part part) { take(request, std::move(part)); }) {
    view_ = std::make_unique<Viewport>(
        extent_, Viewport::Callbacks{[this](cairo_t* context, const GeglRectangle& visible) {
                                         paint_before(context, visible);
                                     },
                                     [this](cairo_t* context, const GeglRectangle& visible) {
                                         paint_after(context, visible);
                                     },
                                     [this] { moved(); }});
    overview_ = std::make_unique<Overview>(source_.get(),
                                           [this](double x, double y) { view_->look_at(x, y); });

    GtkWidget* below = new_box(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget* words = new_box(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget* zoom_row = new_box(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget* zoom_label = new_label("_Zoom:");
    gtk_label_set_mnemonic_widget(GTK_LABEL(zoom_label), zoom_);
    for (int zoom = 1; zoom <= 8; ++zoom) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(zoom_),
                                       (std::to_string(100 * zoom) + " %").c_str());
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(zoom_), 0);
    g_signal_connect(zoom_, "changed", G_CALLBACK(on_zoom), this);
    gtk_box_pack_start(GTK_BOX(zoom_row), zoom_label, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(zoom_row), zoom_, FALSE, FALSE, 0);
    gtk_label_set_line_wrap(GTK_LABEL(status_), TRUE);
    gtk_box_pack_start(GTK_BOX(words), zoom_row, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(words), status_, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(below), overview_->widget(), FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(below), words, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box_), view_->widget(), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box_), below, FALSE, FALSE, 0);
}

Preview::~Preview() {
    if (timeout_ != 0) g_source_remove(timeout_);
}

void Preview::update(const Settings& settings, double across, double down) {
    settings_ = settings;
    across_ = across;
    down_ = down;
    model_key_ = settings.model + joined({settings.scale, static_cast<double>(settings.input)});
    const std::string key = model_key_ + joined({across, down, settings.strength,
                                                 static_cast<double>(settings.colour_lock)});
    if (key == key_) return;
    last_key_ = std::exchange(key_, key);
    failed_key_.clear();
    asked_ = std::chrono::steady_clock::now();
    is_told_ = false;
    renderer_.cancel();
    plain_.reset();
    view_->set_enlargement(across, down);
    if (!is_placed_) {
        is_placed_ = true;
        const GeglRectangle seen = view_->visible();
        const Point place = overview_->detailed_place(seen.width, seen.height);
        view_->look_at(place.x, place.y);
    }
    view_->repaint();
    schedule(kDelay);
}

std::optional<double> Preview::seconds_per_pixel() const {
    const auto known = seconds_.find(model_key_);
    if (known == seconds_.end() || known->second.empty()) return std::nullopt;
    return *std::min_element(known->second.begin(), known->second.end());
}

void Preview::moved() {
    if (!view_ || !overview_) return;
    overview_->mark(view_->visible());
    const int shown = gtk_combo_box_get_active(GTK_COMBO_BOX(zoom_)) + 1;
    if (shown != view_->zoom()) gtk_combo_box_set_active(GTK_COMBO_BOX(zoom_), view_->zoom() - 1);
    if (!key_.empty()) schedule(0);
}

void Preview::on_zoom(GtkComboBox* list, gpointer self) {
    static_cast<Preview*>(self)->view_->set_zoom(gtk_combo_box_get_active(list) + 1);
}

void Preview::schedule(guint delay) {
    if (timeout_ != 0) g_source_remove(timeout_);
    timeout_ = g_timeout_add(delay, on_timeout, this);
}

gboolean Preview::on_timeout(gpointer self) {
    auto* preview = static_cast<Preview*>(self);
    preview->timeout_ = 0;
    preview->work();
    return G_SOURCE_REMOVE;
}

void Preview::work() {
    // Its end schedules anew.
    if (renderer_.is_busy() || key_ == failed_key_) return;
    try {
        if (!item_exists(layer_)) throw Failure("The layer is no longer there.");
        const GeglRectangle wanted = next_part();
        if (wanted.width > 0) {
            say("Updating...");
            start(wanted, false);
            return;
        }
        if (!std::exchange(is_told_, true)) tell_time("all of it");
        say("Left of the line plain enlargement, right super-resolution. Drag the line to compare, "
            "the picture to look elsewhere; the wheel zooms.");
        // A part that says what the whole will take.
        if (!seconds_per_pixel()) start(measured_part(), true);
    } catch (const Failure& failure) {
        failed_key_ = key_;
        say(failure.what());
    } catch (const std::bad_alloc&) {
        say("Out of memory");
    }
}

void Preview::start(const GeglRectangle& wanted, bool is_for_time) {
    PartRequest request;
    request.is_for_time = is_for_time;
    request.key = key_;
    request.model_key = model_key_;
    request.settings = settings_;
    request.input = judge_layer();
    request.across = across_;
    request.down = down_;
    request.wanted = wanted;
    request.read = grown(wanted, kMargin, extent_);
    // What GIMP holds may only be read in this thread.
    request.pixels.reset(gegl_buffer_new(&request.read, gegl_buffer_get_format(source_.get())));
    gegl_buffer_copy(source_.get(), &request.read, GEGL_ABYSS_NONE, request.pixels.get(), nullptr);
    renderer_.start(std::move(request));
}

void Preview::take(const PartRequest& request, Part part) {
    if (!part.failure.empty() && request.key == key_) {
        failed_key_ = key_;
        say(part.failure);
        return;
    }
    if (part.pixels) {
        keep(request.key, request.wanted, std::move(part.pixels));
        if (!is_told_) tell_time("a part");
        measure(request, part.seconds);
        view_->repaint();
    }
    schedule(0);
}

void Preview::measure(const PartRequest& request, double seconds) {
    const auto [known, is_first] = seconds_.try_emplace(request.model_key);
    // The first part also reads the model's file, which counts for nothing beside a slow model
    // only.
    if (is_first && seconds < kSlowSeconds) return;
    // A small part says more of its borders than of its pixels.
    const bool is_large = pixel_count(request.read) >= kMeasuredSide * kMeasuredSide;
    if (!is_first && !is_large && !request.is_for_time) return;
    std::vector<double>& measures = known->second;
    measures.push_back(seconds / pixel_count(request.read));
    if (measures.size() > kMeasures) measures.erase(measures.begin());
    measured_();
}

GeglRectangle Preview::measured_part() const {
    const GeglRectangle seen = view_->visible();
    const auto begin = [](int from, int length, int whole_from, int whole) {
        const int middle = from + (length - kMeasuredSide) / 2;
        return std::clamp(middle, whole_from, whole_from + std::max(0, whole - kMeasuredSide));
    };
    return {begin(seen.x, seen.width, extent_.x, extent_.width),
            begin(seen.y, seen.height, extent_.y, extent_.height),
            std::min(kMeasuredSide, extent_.width), std::min(kMeasuredSide, extent_.height)};
}

void Preview::keep(const std::string& key, const GeglRectangle& area, SurfacePtr pixels) {
    const std::size_t bytes =
        static_cast<std::size_t>(cairo_image_surface_get_stride(pixels.get())) *
        static_cast<std::size_t>(cairo_image_surface_get_height(pixels.get()));
    if (cell_bytes_ + bytes > kMostBytes) {
        cells_.clear();
        cell_bytes_ = 0;
    }
    cell_bytes_ += bytes;
    const std::shared_ptr<cairo_surface_t> shared(pixels.release(), SurfaceDestroy{});
    for (const Cell& cell : cells_in(area)) {
        if (contains(area, area_of(cell))) cells_[key][cell] = {shared, area};
    }
}

GeglRectangle Preview::area_of(Cell cell) const {
    const GeglRectangle whole{extent_.x + cell.first * kCell, extent_.y + cell.second * kCell,
                              kCell, kCell};
    GeglRectangle result{};
    gegl_rectangle_intersect(&result, &whole, &extent_);
    return result;
}

std::vector<Preview::Cell> Preview::cells_in(const GeglRectangle& area) const {
    std::vector<Cell> cells;
    for (int y = (area.y - extent_.y) / kCell; y * kCell < area.y - extent_.y + area.height; ++y) {
        for (int x = (area.x - extent_.x) / kCell; x * kCell < area.x - extent_.x + area.width;
             ++x) {
            cells.emplace_back(x, y);
        }
    }
    return cells;
}

GeglRectangle Preview::next_part() const {
    const GeglRectangle seen = view_->visible();
    const auto there = cells_.find(key_);
    std::vector<Cell> missing;
    for (const Cell& cell : cells_in(seen)) {
        if (there == cells_.end() || there->second.count(cell) == 0) missing.push_back(cell);
    }
    if (missing.empty()) return {};
    const auto distance = [&](Cell cell) {
        const GeglRectangle area = area_of(cell);
        return std::hypot(area.x + area.width / 2.0 - seen.x - seen.width / 2.0,
                          area.y + area.height / 2.0 - seen.y - seen.height / 2.0);
    };
    std::sort(missing.begin(), missing.end(),
              [&](Cell a, Cell b) { return distance(a) < distance(b); });
    const auto rate = seconds_per_pixel();
    const double most = rate ? kPartSeconds / *rate : kFirstPixels;
    GeglRectangle part = area_of(missing.front());
    for (const Cell& cell : missing) {
        GeglRectangle larger{};
        const GeglRectangle area = area_of(cell);
        gegl_rectangle_bounding_box(&larger, &part, &area);
        if (pixel_count(grown(larger, kMargin, extent_)) <= most) part = larger;
    }
    return part;
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

void Preview::enlarge_plainly(const GeglRectangle& visible) {
    if (plain_ && contains(plain_area_, visible)) return;
    plain_area_ = grown(visible, kReadAhead, extent_);
    plain_ = to_enlarged_surface(source_.get(), plain_area_, scaled(plain_area_.width, across_),
                                 scaled(plain_area_.height, down_));
}

void Preview::paint_before(cairo_t* context, const GeglRectangle& visible) {
    if (visible.width <= 0 || visible.height <= 0 || !item_exists(layer_)) return;
    enlarge_plainly(visible);
    paint_stretched(context, plain_.get(), plain_area_);
}

void Preview::paint_after(cairo_t* context, const GeglRectangle& visible) {
    paint_before(context, visible);
    paint_cells(context, visible, last_key_);
    paint_cells(context, visible, key_);
}

void Preview::paint_cells(cairo_t* context, const GeglRectangle& visible,
                          const std::string& key) const {
    const auto there = cells_.find(key);
    if (there == cells_.end()) return;
    cairo_set_antialias(context, CAIRO_ANTIALIAS_NONE);
    for (const Cell& cell : cells_in(visible)) {
        const auto found = there->second.find(cell);
        if (found == there->second.end()) continue;
        const GeglRectangle area = area_of(cell);
        cairo_save(context);
        cairo_rectangle(context, area.x, area.y, area.width, area.height);
        cairo_clip(context);
        paint_stretched(context, found->second.pixels.get(), found->second.area);
        cairo_restore(context);
    }
}

void Preview::tell_time(const char* what) const {
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - asked_;
    g_debug("preview: %s after %s s", what, format_number(time.count(), 2).c_str());
}

void Preview::say(const std::string& text) { gtk_label_set_text(GTK_LABEL(status_), text.c_str()); }

}  // namespace sisr::gimp
