/// A layer before and after: the large view, the overview, and what is enlarged for them.
#pragma once

#include "overview.h"
#include "part_renderer.h"
#include "viewport.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sisr::gimp {

class Preview {
public:
    /// `measured` is called when seconds_per_pixel() has changed.
    Preview(Id layer, std::function<void()> measured);
    ~Preview();
    Preview(const Preview&) = delete;
    Preview& operator=(const Preview&) = delete;

    GtkWidget* widget() const { return box_; }

    /// Shows the layer enlarged this many times each way, soon: what comes within a moment replaces
    /// it. `settings.scale` is that of the whole, at which a family's member is chosen.
    void update(const Settings& settings, double across, double down);
    /// What the model takes for a source pixel on this machine; nothing before it is known.
    std::optional<double> seconds_per_pixel() const;

private:
    /// A square of the source that is enlarged; the squares count from the extent's corner.
    using Cell = std::pair<int, int>;
    /// Where a cell is to be seen: in a part that may hold others too.
    struct Placed {
        std::shared_ptr<cairo_surface_t> pixels;
        GeglRectangle area;  ///< of the source, that `pixels` shows
    };
    /// What a judgement depends on: model, and enlargement across and down.
    using Judged = std::tuple<std::string, double, double>;

    void paint_before(cairo_t* context, const GeglRectangle& visible);
    void paint_after(cairo_t* context, const GeglRectangle& visible);
    void paint_cells(cairo_t* context, const GeglRectangle& visible, const std::string& key) const;
    void enlarge_plainly(const GeglRectangle& visible);
    GeglRectangle area_of(Cell cell) const;
    std::vector<Cell> cells_in(const GeglRectangle& area) const;
    /// What is visible and not there yet, as much as takes a moment; empty if all is there.
    GeglRectangle next_part() const;
    SisrBridgeInput judge_layer();
    void moved();
    void schedule(guint delay);
    void work();
    void start(const GeglRectangle& wanted, bool is_for_time);
    void take(const PartRequest& request, Part part);
    void keep(const std::string& key, const GeglRectangle& area, SurfacePtr pixels);
    void measure(const PartRequest& request, double seconds);
    GeglRectangle measured_part() const;
    void say(const std::string& text);
    /// For who measures: G_MESSAGES_DEBUG=sisr.
    void tell_time(const char* what) const;
    static gboolean on_timeout(gpointer self);
    static void on_zoom(GtkComboBox* list, gpointer self);

    Id layer_;
    BufferPtr source_;
    GeglRectangle extent_;
    std::function<void()> measured_;
    GtkWidget* box_;
    GtkWidget* status_;
    GtkWidget* zoom_;
    std::unique_ptr<Viewport> view_;
    std::unique_ptr<Overview> overview_;
    SurfacePtr plain_;  ///< what is visible and round it, enlarged plainly
    GeglRectangle plain_area_{};
    Settings settings_;
    double across_ = 1;
    double down_ = 1;
    std::string key_;       ///< of the settings
    std::string last_key_;  ///< of those before, shown until there is better
    std::string model_key_;
    std::string failed_key_;  ///< of settings that cannot be used
    std::map<std::string, std::map<Cell, Placed>> cells_;
    std::size_t cell_bytes_ = 0;
    std::map<std::string, std::vector<double>> seconds_;  ///< by model key, per source pixel
    std::optional<Judged> judged_;
    SisrBridgeInput input_ = SISR_BRIDGE_INPUT_AUTO;
    bool is_placed_ = false;                       ///< the user or we have chosen where to look
    std::chrono::steady_clock::time_point asked_;  ///< when something new was to be seen
    bool is_told_ = true;                          ///< how long that took
    guint timeout_ = 0;
    PartRenderer renderer_;  ///< last, so that it ends first
};

}  // namespace sisr::gimp
