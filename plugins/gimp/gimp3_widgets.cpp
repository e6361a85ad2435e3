/// The dialog's widgets by GTK 3.
#include "host.h"
#include "settings.h"

#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>

namespace sisr::gimp {
namespace {

struct Painter {
    Paint paint;
    gpointer user;
};

gboolean on_draw(GtkWidget* /*widget*/, cairo_t* context, gpointer painter) {
    const auto* how = static_cast<const Painter*>(painter);
    how->paint(context, how->user);
    return TRUE;
}

}  // namespace

void start_widgets() { gimp_ui_init(kProcedure); }

GtkWidget* new_box(GtkOrientation orientation, int spacing) {
    return gtk_box_new(orientation, spacing);
}

GtkWidget* new_grid() {
    GtkWidget* grid = gtk_grid_new();
    gtk_grid_set_row_spacing(GTK_GRID(grid), 6);
    gtk_grid_set_column_spacing(GTK_GRID(grid), 6);
    return grid;
}

void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns) {
    if (!GTK_IS_LABEL(widget)) gtk_widget_set_hexpand(widget, TRUE);
    gtk_grid_attach(GTK_GRID(grid), widget, column, row, columns, 1);
}

GtkWidget* new_label(const char* text) {
    GtkWidget* label = gtk_label_new_with_mnemonic(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    return label;
}

int device_pixels(GtkWidget* widget) { return gtk_widget_get_scale_factor(widget); }

void connect_paint(GtkWidget* widget, Paint paint, gpointer user) {
    g_signal_connect_data(
        widget, "draw", G_CALLBACK(on_draw), new Painter{paint, user},
        [](gpointer painter, GClosure*) { delete static_cast<Painter*>(painter); },
        GConnectFlags{});
}

}  // namespace sisr::gimp
