#include "strength.h"

#include "bridge.h"
#include "host.h"
#include "number_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr double kNoStrength = -1;  ///< in the field: not a strength
constexpr double kStep = 0.05;
constexpr int kSliderWidth = 90;

}  // namespace

Strength::Strength(std::function<void(double)> changed)
    : changed_(std::move(changed)),
      box_(new_box(GTK_ORIENTATION_HORIZONTAL, 6)),
      slider_(gtk_hscale_new_with_range(0, 1, kStep)),
      field_(new_number_field(kNoStrength, kStep, 2)) {
    GtkWidget* reset = gtk_button_new_with_mnemonic("_Reset");
    gtk_widget_set_tooltip_text(reset, "The model's own strength");
    gtk_widget_set_tooltip_text(slider_, "0: nearest to the original, 1: most detail");
    gtk_scale_set_draw_value(GTK_SCALE(slider_), FALSE);
    gtk_widget_set_size_request(slider_, kSliderWidth, -1);
    gtk_entry_set_width_chars(GTK_ENTRY(field_), 4);
    const auto add = [&](GtkWidget* widget, bool grows) {
        gtk_box_pack_start(GTK_BOX(box_), widget, grows, TRUE, 0);
    };
    add(new_label("faithful"), false);
    add(slider_, true);
    add(new_label("detailed"), false);
    add(field_, false);
    add(reset, false);
    g_signal_connect(slider_, "value-changed", G_CALLBACK(on_slider), this);
    g_signal_connect(field_, "value-changed", G_CALLBACK(on_field), this);
    g_signal_connect(reset, "clicked", G_CALLBACK(on_reset), this);
}

void Strength::show(double strength) {
    const bool was = std::exchange(filling_, true);
    if (!says_number(field_, strength)) put_number(field_, strength);
    gtk_range_set_value(GTK_RANGE(slider_), std::clamp(strength, 0.0, 1.0));
    filling_ = was;
}

void Strength::on_field(GtkWidget* widget, gpointer self) {
    auto* strength = static_cast<Strength*>(self);
    if (strength->filling_) return;
    const double value = number_in(widget);
    // What is typed wrong is told by who checks all settings.
    strength->changed_(value < 0 ? std::numeric_limits<double>::quiet_NaN() : value);
}

void Strength::on_slider(GtkRange* range, gpointer self) {
    auto* strength = static_cast<Strength*>(self);
    if (!strength->filling_) strength->changed_(gtk_range_get_value(range));
}

void Strength::on_reset(GtkWidget* /*widget*/, gpointer self) {
    static_cast<Strength*>(self)->changed_(SISR_BRIDGE_MODEL_STRENGTH);
}

}  // namespace sisr::gimp
