/// A field for a number that says what was typed, also where that cannot be used.
#pragma once

#include <gtk/gtk.h>

namespace sisr::gimp {

/// From `lowest`, which stands for all that is no number, to far beyond what anybody means: GTK
/// moves what is out of range into it without a word, so the range is judged elsewhere. A decimal
/// comma is as good as a point, whatever the language. The enter key activates the dialog.
GtkWidget* new_number_field(double lowest, double step, int digits);

double number_in(GtkWidget* field);
void put_number(GtkWidget* field, double number);

/// Whether the field says this number, within what its digits can.
bool says_number(GtkWidget* field, double number);

}  // namespace sisr::gimp
