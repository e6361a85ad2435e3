/// The dialog's widgets by GTK 2.
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

gboolean on_expose(GtkWidget* widget, GdkEventExpose* event, gpointer painter) {
    cairo_t* context = gdk_cairo_create(gtk_widget_get_window(widget));
    gdk_cairo_region(context, event->region);
    cairo_clip(context);
    const auto* how = static_cast<const Painter*>(painter);
    how->paint(context, how->user);
    cairo_destroy(context);
    return TRUE;
}

}  // namespace

void start_widgets() { gimp_ui_init(kProcedure, FALSE); }

GtkWidget* new_box(GtkOrientation orientation, int spacing) {
    return orientation == GTK_ORIENTATION_HORIZONTAL ? gtk_hbox_new(FALSE, spacing)
                                                     : gtk_vbox_new(FALSE, spacing);
}

GtkWidget* new_grid() {
    GtkWidget* table = gtk_table_new(1, 1, FALSE);
    gtk_table_set_row_spacings(GTK_TABLE(table), 6);
    gtk_table_set_col_spacings(GTK_TABLE(table), 6);
    return table;
}

void put_in_grid(GtkWidget* grid, GtkWidget* widget, int column, int row, int columns) {
    const auto left = static_cast<guint>(column);
    const auto top = static_cast<guint>(row);
    const auto options = static_cast<GtkAttachOptions>(GTK_EXPAND | GTK_FILL);
    gtk_table_attach(GTK_TABLE(grid), widget, left, left + static_cast<guint>(columns), top,
                     top + 1, GTK_IS_LABEL(widget) ? GTK_FILL : options, GTK_FILL, 0, 0);
}

GtkWidget* new_label(const char* text) {
    GtkWidget* label = gtk_label_new_with_mnemonic(text);
    gtk_misc_set_alignment(GTK_MISC(label), 0, 0.5F);
    return label;
}

int device_pixels(GtkWidget* /*widget*/) { return 1; }

void connect_paint(GtkWidget* widget, Paint paint, gpointer user) {
    g_signal_connect_data(
        widget, "expose-event", G_CALLBACK(on_expose), new Painter{paint, user},
        [](gpointer painter, GClosure*) { delete static_cast<Painter*>(painter); },
        GConnectFlags{});
}

}  // namespace sisr::gimp
