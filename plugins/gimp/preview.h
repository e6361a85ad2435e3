/// A crop of a layer before and after, made whenever the settings change.
#pragma once

#include "settings.h"

#include <optional>
#include <string>
#include <tuple>

namespace sisr::gimp {

class Preview {
public:
    explicit Preview(Id layer);
    ~Preview();
    Preview(const Preview&) = delete;
    Preview& operator=(const Preview&) = delete;

    /// The layer, to choose the crop in by a click, and the crop before and after.
    GtkWidget* widget() const { return box_; }

    /// Shows the crop enlarged this many times each way, soon: what comes within a moment replaces
    /// it. `settings.scale` is that of the whole, at which a family's member is chosen.
    void update(const Settings& settings, double across, double down);

private:
    struct Crop {
        GeglRectangle shown;  ///< of the source, what the user sees
        GeglRectangle input;  ///< with a margin, so that the network sees the surroundings
        int width, height;    ///< of `input`, enlarged
        int left, top;        ///< of `shown` in the enlarged input
        int shown_width, shown_height;
    };

    /// What a judgement depends on: model, and enlargement across and down.
    using Judged = std::tuple<std::string, double, double>;

    Crop crop() const;
    /// What the whole layer will be taken for, which the crop by itself may not look like.
    SisrBridgeInput judge_layer();
    void render();
    void show_overview();
    void schedule();
    static gboolean on_timeout(gpointer self);
    static gboolean on_click(GtkWidget* widget, GdkEventButton* event, gpointer self);
    static gboolean on_progress(gpointer self, gdouble fraction);

    Id layer_;
    BufferPtr source_;
    GeglRectangle extent_;
    PixbufPtr overview_pixels_;
    GtkWidget* box_;
    GtkWidget* overview_;
    GtkWidget* before_;
    GtkWidget* after_;
    GtkWidget* caption_;
    Settings settings_;
    double across_ = 1;
    double down_ = 1;
    double centre_x_;  ///< of the crop, in source pixels
    double centre_y_;
    std::optional<Judged> judged_;
    SisrBridgeInput input_ = SISR_BRIDGE_INPUT_AUTO;
    guint timeout_ = 0;
    bool rendering_ = false;
};

}  // namespace sisr::gimp
