#include "dialog.h"

#include "base/numbers.h"
#include "number_field.h"
#include "preview.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr int kSpacing = 12;
constexpr int kColumns = 6;
constexpr int kTextWidth = 480;     ///< in pixels, of texts that are wrapped
constexpr double kNoStrength = -1;  ///< in its field: not a strength

/// Sets a flag for as long as it lives.
class Raised {
public:
    explicit Raised(bool& flag) : flag_(flag) { flag_ = true; }
    ~Raised() { flag_ = false; }
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;

private:
    bool& flag_;
};

using ModelPtr = std::unique_ptr<SisrBridgeModel, decltype(&sisr_bridge_model_free)>;

/// Throws Failure if the library or its models are not to be had.
std::vector<std::string> installed_models() {
    GError* error = nullptr;
    GPtrArray* list = sisr_bridge_list_models(&error);
    if (list == nullptr) throw_failure(error);
    std::vector<std::string> names;
    for (guint i = 0; i < list->len; ++i) {
        names.emplace_back(static_cast<const SisrBridgeModel*>(g_ptr_array_index(list, i))->name);
    }
    g_ptr_array_unref(list);
    return names;
}

void fill(GtkWidget* list, std::initializer_list<const char*> texts, int active) {
    for (const char* text : texts) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(list), text);
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(list), active);
}

class Dialog {
public:
    Dialog(const Selection& selection, Settings& settings);
    ~Dialog() { gtk_widget_destroy(window_); }
    Dialog(const Dialog&) = delete;
    Dialog& operator=(const Dialog&) = delete;

    bool run() { return gimp_dialog_run(GIMP_DIALOG(window_)) == GTK_RESPONSE_OK; }

private:
    void build_rows(GtkWidget* grid);
    void add_row(GtkWidget* grid, const char* text, GtkWidget* widget);
    void add_size_row(GtkWidget* grid);
    void fill_models();
    void connect(GtkWidget* widget, const char* signal) {
        g_signal_connect(widget, signal, G_CALLBACK(on_change), this);
    }
    static void on_change(GtkWidget* widget, gpointer self) {
        static_cast<Dialog*>(self)->change(widget);
    }

    void change(GtkWidget* widget);
    void change_size(GtkWidget* widget);
    void refresh();
    void show_size(Size from);
    void show_model(double scale);
    void describe(Size from, Size to);

    Selection selection_;
    Settings& settings_;
    Id layer_;
    std::optional<Size> from_;         ///< of what is enlarged, where there is such
    std::vector<std::string> models_;  ///< as in the list
    std::string library_problem_;
    ModelPtr model_info_{nullptr, sisr_bridge_model_free};
    std::pair<std::string, double> model_info_of_;  ///< name and scale; reading a model takes time
    bool filling_ = false;                          ///< we change widgets ourselves
    int row_ = 0;

    GtkWidget* window_;
    std::unique_ptr<Preview> preview_;
    GtkWidget* mode_ = gtk_combo_box_text_new();
    GtkWidget* model_ = gtk_combo_box_text_new();
    GtkWidget* trained_for_ = new_label("");
    GtkWidget* scale_ = new_number_field(0, 0.5, 2);
    GtkWidget* width_ = new_number_field(0, 1, 0);
    GtkWidget* height_ = new_number_field(0, 1, 0);
    GtkWidget* result_ = new_label("");
    GtkWidget* strength_ = new_number_field(kNoStrength, 0.05, 2);
    GtkWidget* colour_lock_ = gtk_combo_box_text_new();
    GtkWidget* input_ = gtk_combo_box_text_new();
    GtkWidget* keep_print_size_ =
        gtk_check_button_new_with_mnemonic("_Keep the print size (the resolution grows instead)");
};

Dialog::Dialog(const Selection& selection, Settings& settings)
    : selection_(selection),
      settings_(settings),
      layer_(preview_layer(selection)),
      window_(gimp_dialog_new("Super-Resolution", kProcedure, nullptr, GtkDialogFlags{}, nullptr,
                              nullptr, "_Cancel", GTK_RESPONSE_CANCEL, "_Upscale", GTK_RESPONSE_OK,
                              nullptr)),
      preview_(std::make_unique<Preview>(layer_)) {
    gtk_dialog_set_default_response(GTK_DIALOG(window_), GTK_RESPONSE_OK);
    gtk_window_set_resizable(GTK_WINDOW(window_), FALSE);
    gimp_window_set_transient(GTK_WINDOW(window_));
    GtkWidget* column = new_box(GTK_ORIENTATION_VERTICAL, kSpacing);
    gtk_container_set_border_width(GTK_CONTAINER(column), kSpacing);
    gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(window_))), column, TRUE,
                       TRUE, 0);
    gtk_box_pack_start(GTK_BOX(column), preview_->widget(), FALSE, FALSE, 0);
    GtkWidget* grid = new_grid();
    gtk_box_pack_start(GTK_BOX(column), grid, FALSE, FALSE, 0);
    build_rows(grid);
    gtk_widget_show_all(window_);
    // So that the enter key upscales; in a list it would open the list.
    gtk_widget_grab_focus(scale_);
    refresh();
}

void Dialog::add_row(GtkWidget* grid, const char* text, GtkWidget* widget) {
    put_in_grid(grid, new_label(text), 0, row_, 1);
    put_in_grid(grid, widget, 1, row_, kColumns - 1);
    ++row_;
}

void Dialog::add_size_row(GtkWidget* grid) {
    const auto add = [&](int column, const char* text, GtkWidget* spin) {
        put_in_grid(grid, new_label(text), column, row_, 1);
        put_in_grid(grid, spin, column + 1, row_, 1);
        connect(spin, "value-changed");
    };
    add(0, "Scale:", scale_);
    add(2, "Width:", width_);
    add(4, "Height:", height_);
    ++row_;
}

void Dialog::build_rows(GtkWidget* grid) {
    fill(mode_,
         {"Whole image, with canvas, masks and guides", "This layer", "This layer, to a new image"},
         static_cast<int>(settings_.mode));
    fill(colour_lock_, {"As the model needs it", "On", "Off"}, settings_.colour_lock);
    fill(input_, {"As it looks", "Clean", "Damaged by JPEG or noise", "Damaged by much of it"},
         settings_.input);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(keep_print_size_), settings_.keep_print_size);
    gtk_widget_set_tooltip_text(strength_, "0: nearest to the original, 1: most detail");
    gtk_widget_set_tooltip_text(colour_lock_, "Brightness and hue stay those of the original");
    gtk_widget_set_tooltip_text(
        input_, "For models that hold weights of their own for some kinds of pictures");
    gtk_label_set_line_wrap(GTK_LABEL(trained_for_), TRUE);
    gtk_label_set_line_wrap(GTK_LABEL(result_), TRUE);
    gtk_widget_set_size_request(trained_for_, kTextWidth, -1);
    gtk_widget_set_size_request(result_, kTextWidth, -1);
    fill_models();

    add_row(grid, "Enlarge:", mode_);
    if (const std::string reason = obstacle(selection_, Mode::layer); !reason.empty()) {
        GtkWidget* note = new_label(("\"This layer\" is not to be had: " + reason).c_str());
        gtk_label_set_line_wrap(GTK_LABEL(note), TRUE);
        gtk_widget_set_size_request(note, kTextWidth, -1);
        add_row(grid, "", note);
    }
    add_row(grid, "Model:", model_);
    add_row(grid, "", trained_for_);
    add_size_row(grid);
    add_row(grid, "Result:", result_);
    add_row(grid, "Strength:", strength_);
    add_row(grid, "Input is:", input_);
    add_row(grid, "Colour lock:", colour_lock_);
    add_row(grid, "", keep_print_size_);
    for (GtkWidget* combo : {mode_, model_, input_, colour_lock_}) connect(combo, "changed");
    connect(strength_, "value-changed");
    connect(keep_print_size_, "toggled");
}

void Dialog::fill_models() {
    try {
        models_ = installed_models();
        if (models_.empty()) library_problem_ = "No model is installed.";
    } catch (const Failure& failure) {
        library_problem_ = failure.what();
    }
    models_.insert(models_.begin(), SISR_BRIDGE_DEFAULT_MODEL);
    if (settings_.model.empty()) settings_.model = SISR_BRIDGE_DEFAULT_MODEL;
    auto chosen = std::find(models_.begin(), models_.end(), settings_.model);
    // Another family, a file, or a model that is no longer there.
    if (chosen == models_.end()) chosen = models_.insert(chosen, settings_.model);
    for (const std::string& name : models_) {
        const bool is_default = name == SISR_BRIDGE_DEFAULT_MODEL;
        gtk_combo_box_text_append_text(
            GTK_COMBO_BOX_TEXT(model_),
            is_default ? "Default: photographs, as the scale needs it" : name.c_str());
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(model_),
                             static_cast<int>(std::distance(models_.begin(), chosen)));
}

void Dialog::change(GtkWidget* widget) {
    if (filling_) return;
    if (widget == mode_) {
        settings_.mode = static_cast<Mode>(gtk_combo_box_get_active(GTK_COMBO_BOX(mode_)));
    }
    if (widget == model_) {
        settings_.strength = SISR_BRIDGE_MODEL_STRENGTH;
        const int index = std::max(0, gtk_combo_box_get_active(GTK_COMBO_BOX(model_)));
        settings_.model = models_.at(static_cast<std::size_t>(index));
    }
    if (widget == strength_) {
        const double strength = number_in(strength_);
        settings_.strength = strength < 0 ? std::numeric_limits<double>::quiet_NaN() : strength;
    }
    settings_.colour_lock =
        static_cast<SisrBridgeColorLock>(gtk_combo_box_get_active(GTK_COMBO_BOX(colour_lock_)));
    settings_.input = static_cast<SisrBridgeInput>(gtk_combo_box_get_active(GTK_COMBO_BOX(input_)));
    settings_.keep_print_size =
        gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(keep_print_size_)) != FALSE;
    change_size(widget);
    refresh();
}

/// The scale that a size makes of a picture; the given one where no size counts.
double scale_of(const Settings& settings, Size from) {
    if (!has_size(settings, from)) return settings.scale;
    return std::max(static_cast<double>(settings.width) / from.width,
                    static_cast<double>(settings.height) / from.height);
}

void Dialog::change_size(GtkWidget* widget) {
    const bool is_size = widget == scale_ || widget == width_ || widget == height_;
    if (!is_size || !from_) return;
    // The one that was changed last decides, the others follow.
    if (widget == scale_) {
        // Leaving the field rounds what it shows, which is no wish of the user's.
        if (says_number(scale_, scale_of(settings_, *from_))) return;
        settings_.width = settings_.height = 0;
        settings_.scale = number_in(scale_);
        return;
    }
    const int side = static_cast<int>(number_in(widget));
    settings_.width = widget == width_ ? side : 0;
    settings_.height = widget == height_ ? side : 0;
    settings_.sized_for = *from_;
    // For other pictures; nothing or no number leaves no size, and then a scale that is refused.
    settings_.scale = static_cast<double>(side) / (widget == width_ ? from_->width : from_->height);
}

void Dialog::show_size(Size from) {
    const double scale = scale_of(settings_, from);
    const auto show = [](GtkWidget* field, double wanted) {
        // What the user typed stays as it is.
        if (!says_number(field, wanted)) put_number(field, wanted);
    };
    const bool sized = has_size(settings_, from);
    show(scale_, scale);
    show(width_, sized && settings_.width != 0 ? settings_.width : std::round(from.width * scale));
    show(height_,
         sized && settings_.height != 0 ? settings_.height : std::round(from.height * scale));
}

void Dialog::show_model(double scale) {
    const std::pair<std::string, double> asked{settings_.model, scale};
    if (!model_info_ || model_info_of_ != asked) {
        GError* error = nullptr;
        model_info_.reset(sisr_bridge_find_model(settings_.model.c_str(), scale, &error));
        if (!model_info_) throw_failure(error);
        model_info_of_ = asked;
    }
    const std::string text = std::string(model_info_->name) + ": " + model_info_->trained_for;
    gtk_label_set_text(GTK_LABEL(trained_for_), text.c_str());
    gtk_widget_set_sensitive(strength_, model_info_->has_strength);
    // One of a family may have no strength where another has.
    if (!model_info_->has_strength) settings_.strength = SISR_BRIDGE_MODEL_STRENGTH;
    if (settings_.strength < 0) {
        put_number(strength_, model_info_->default_strength);
    } else if (std::isfinite(settings_.strength) && !says_number(strength_, settings_.strength)) {
        put_number(strength_, settings_.strength);
    }
}

void Dialog::describe(Size from, Size to) {
    std::string text = to_text(from) + " becomes " + to_text(to) + " pixels (" +
                       format_number(static_cast<double>(to.width) * to.height / 1e6, 1) +
                       " megapixels)";
    if (is_indexed(selection_.image)) text += "; the indexed image becomes RGB";
    gtk_label_set_text(GTK_LABEL(result_), text.c_str());
}

/// Shows the settings, and what they make or why they cannot be used.
void Dialog::refresh() {
    const Raised raised(filling_);
    gtk_widget_set_sensitive(keep_print_size_, settings_.mode == Mode::image);
    bool ready = false;
    try {
        const Size from = planned_input(selection_, settings_.mode);
        from_ = from;
        show_size(from);
        if (!library_problem_.empty()) throw Failure(library_problem_);
        const double scale = scale_of(settings_, from);
        show_model(std::clamp(scale, SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE));
        const Size to = target_size(settings_, from);
        Settings shown = settings_;
        shown.scale = scale_between(from, to);
        preview_->update(shown, static_cast<double>(to.width) / from.width,
                         static_cast<double>(to.height) / from.height);
        require_room(make_plan(selection_, settings_));
        describe(from, to);
        ready = true;
    } catch (const Failure& failure) {
        gtk_label_set_text(GTK_LABEL(result_), failure.what());
    }
    gtk_dialog_set_response_sensitive(GTK_DIALOG(window_), GTK_RESPONSE_OK, ready);
}

}  // namespace

bool ask_user(const Selection& selection, Settings& settings) {
    return Dialog(selection, settings).run();
}

}  // namespace sisr::gimp
