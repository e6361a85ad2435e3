/// How much detail the network may make up: a slider between two words, its number, and a way back.
#pragma once

#include <functional>
#include <gtk/gtk.h>

namespace sisr::gimp {

class Strength {
public:
    /// `changed` is called for what the user does; negative: the model's own is wanted.
    explicit Strength(std::function<void(double)> changed);
    Strength(const Strength&) = delete;
    Strength& operator=(const Strength&) = delete;

    GtkWidget* widget() const { return box_; }
    /// For a label's mnemonic.
    GtkWidget* field() const { return field_; }
    /// A number that the field does not say stays what was typed.
    void show(double strength);
    void set_sensitive(bool is_sensitive) { gtk_widget_set_sensitive(box_, is_sensitive); }

private:
    static void on_field(GtkWidget* widget, gpointer self);
    static void on_slider(GtkRange* range, gpointer self);
    static void on_reset(GtkWidget* widget, gpointer self);

    std::function<void(double)> changed_;
    GtkWidget* box_;
    GtkWidget* slider_;
    GtkWidget* field_;
    bool filling_ = false;  ///< we move them ourselves
};

}  // namespace sisr::gimp
