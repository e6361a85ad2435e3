#include "number_field.h"

#include "base/numbers.h"

#include <algorithm>
#include <string>

namespace sisr::gimp {
namespace {

constexpr double kHighest = 1e9;
constexpr int kShownCharacters = 8;

gint read_number(GtkSpinButton* field, gdouble* number, gpointer /*user*/) {
    std::string text = gtk_entry_get_text(GTK_ENTRY(field));
    std::replace(text.begin(), text.end(), ',', '.');
    text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
    const auto read = parse_number<double>(text);
    gdouble lowest = 0;
    gtk_spin_button_get_range(field, &lowest, nullptr);
    *number = read && std::isfinite(*read) ? *read : lowest;
    return TRUE;
}

}  // namespace

GtkWidget* new_number_field(double lowest, double step, int digits) {
    GtkWidget* field = gtk_spin_button_new_with_range(lowest, kHighest, step);
    gtk_spin_button_set_digits(GTK_SPIN_BUTTON(field), static_cast<guint>(digits));
    // Else it drops the point where the language has a comma, and 1.5 is 15.
    gtk_spin_button_set_numeric(GTK_SPIN_BUTTON(field), FALSE);
    gtk_entry_set_width_chars(GTK_ENTRY(field), kShownCharacters);
    gtk_entry_set_activates_default(GTK_ENTRY(field), TRUE);
    g_signal_connect(field, "input", G_CALLBACK(read_number), nullptr);
    return field;
}

double number_in(GtkWidget* field) { return gtk_spin_button_get_value(GTK_SPIN_BUTTON(field)); }

void put_number(GtkWidget* field, double number) {
    gtk_spin_button_set_value(GTK_SPIN_BUTTON(field), number);
}

bool says_number(GtkWidget* field, double number) {
    const double unit = std::pow(0.1, gtk_spin_button_get_digits(GTK_SPIN_BUTTON(field)));
    return std::abs(number_in(field) - number) <= unit / 2 * (1 + 1e-6);
}

}  // namespace sisr::gimp
