#include "dialog.h"

#include "base/numbers.h"
#include "model_list.h"
#include "number_field.h"
#include "presets.h"
#include "preview.h"
#include "progress.h"
#include "strength.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <libgimp/gimp.h>
#include <libgimp/gimpui.h>
#include <memory>
#include <optional>
#include <utility>

namespace sisr::gimp {
namespace {

constexpr int kSpacing = 12;
constexpr int kColumns = 4;
constexpr int kTextWidth = 46;  ///< of texts that are wrapped, in characters
/// Beside the network's: GIMP scales and takes the layers, for a pixel of the result.
/// Measured by tests/hosts/gimp/estimates.
constexpr double kApplySeconds = 35e-9;
constexpr double kManyMegapixels = 60;  ///< beyond which the user is asked

/// Sets a flag for as long as it lives.
class Raised {
public:
    explicit Raised(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
    ~Raised() { flag_ = before_; }
    Raised(const Raised&) = delete;
    Raised& operator=(const Raised&) = delete;

private:
    bool& flag_;
    bool before_;
};

using ModelPtr = std::unique_ptr<SisrBridgeModel, decltype(&sisr_bridge_model_free)>;

GtkWidget* new_list(std::initializer_list<const char*> texts, int active) {
    GtkWidget* list = gtk_combo_box_text_new();
    for (const char* text : texts) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(list), text);
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(list), active);
    return list;
}

GtkWidget* new_text(const std::string& text = {}) {
    GtkWidget* label = new_label("");
    gtk_label_set_text(GTK_LABEL(label), text.c_str());
    gtk_label_set_line_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_width_chars(GTK_LABEL(label), kTextWidth);
    gtk_label_set_max_width_chars(GTK_LABEL(label), kTextWidth);
    return label;
}

/// The scale that a size makes of a picture; the given one where no size counts.
double scale_of(const Settings& settings, Size from) {
    if (!has_size(settings, from)) return settings.scale;
    return std::max(static_cast<double>(settings.width) / from.width,
                    static_cast<double>(settings.height) / from.height);
}

double megapixels(Size size) { return static_cast<double>(size.width) * size.height / 1e6; }

class Dialog {
public:
    Dialog(const Selection& selection, Settings& settings);
    ~Dialog() {
        // It calls back into us as long as it lives.
        preview_.reset();
        gtk_widget_destroy(window_);
    }
    Dialog(const Dialog&) = delete;
    Dialog& operator=(const Dialog&) = delete;

    bool run();

private:
    enum Response { kHelpResponse = 1 };

    void build_column(GtkWidget* column);
    void add_row(GtkWidget* grid, const char* text, GtkWidget* widget, GtkWidget* focus = nullptr);
    GtkWidget* build_scale_row();
    GtkWidget* build_size_row();
    GtkWidget* build_model_row();
    GtkWidget* build_more();
    void connect(GtkWidget* widget, const char* signal) {
        g_signal_connect(widget, signal, G_CALLBACK(on_change), this);
    }
    static void on_change(GtkWidget* widget, gpointer self) {
        static_cast<Dialog*>(self)->change(widget);
    }
    static void on_preset(GtkWidget* list, gpointer self);
    static void on_scale_button(GtkWidget* button, gpointer self);
    static void on_folder(GtkWidget* button, gpointer self);
    static gboolean on_focus(GtkWidget* window, GdkEvent* event, gpointer self);

    void change(GtkWidget* widget);
    void change_size(GtkWidget* widget);
    void show_choices();
    void refresh();
    void show_size(Size from);
    void show_model(double scale);
    std::optional<double> seconds_of(const Plan& plan) const;
    void describe(Size from, Size to);
    void show_failure(const std::string& text);
    bool is_meant();

    Selection selection_;
    Settings& settings_;
    std::optional<Size> from_;  ///< of what is enlarged, where there is such
    Size to_;
    ModelPtr model_info_{nullptr, sisr_bridge_model_free};
    std::pair<std::string, double> model_info_of_;  ///< name and scale; reading a model takes time
    bool filling_ = false;                          ///< we change widgets ourselves
    bool folder_was_opened_ = false;
    int row_ = 0;

    GtkWidget* window_;
    std::unique_ptr<Preview> preview_;
    GtkWidget* preset_ = gtk_combo_box_text_new();
    GtkWidget* mode_;
    ModelList models_;
    Strength strength_;
    GtkWidget* trained_for_ = new_text();
    GtkWidget* scale_ = new_number_field(0, 0.5, 2);
    GtkWidget* width_ = new_number_field(0, 1, 0);
    GtkWidget* height_ = new_number_field(0, 1, 0);
    GtkWidget* result_ = new_text();
    GtkWidget* colour_lock_;
    GtkWidget* input_;
    GtkWidget* keep_print_size_ =
        gtk_check_button_new_with_mnemonic("_Keep the print size (more pixels per inch)");
};

Dialog::Dialog(const Selection& selection, Settings& settings)
    : selection_(selection),
      settings_(settings),
      window_(gimp_dialog_new("Super-Resolution", kProcedure, nullptr, GtkDialogFlags{}, nullptr,
                              nullptr, "_Help", kHelpResponse, "_Cancel", GTK_RESPONSE_CANCEL,
                              "_Upscale", GTK_RESPONSE_OK, nullptr)),
      preview_(std::make_unique<Preview>(preview_layer(selection), [this] { refresh(); })),
      mode_(new_list({"Whole image, with canvas, masks and guides", "This layer",
                      "This layer, to a new image"},
                     static_cast<int>(settings.mode))),
      models_(settings.model),
      strength_([this](double strength) {
          settings_.strength = strength;
          refresh();
      }),
      colour_lock_(new_list({"As the model needs it", "On", "Off"}, settings.colour_lock)),
      input_(new_list({"As it looks", "Clean", "Damaged by JPEG or noise", "Damaged by much of it"},
                      settings.input)) {
    settings_.model = models_.chosen();
    gtk_dialog_set_default_response(GTK_DIALOG(window_), GTK_RESPONSE_OK);
    gimp_window_set_transient(GTK_WINDOW(window_));
    GtkWidget* halves = new_box(GTK_ORIENTATION_HORIZONTAL, kSpacing);
    gtk_container_set_border_width(GTK_CONTAINER(halves), kSpacing);
    gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(window_))), halves, TRUE,
                       TRUE, 0);
    GtkWidget* column = new_box(GTK_ORIENTATION_VERTICAL, kSpacing);
    gtk_box_pack_start(GTK_BOX(halves), preview_->widget(), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(halves), column, FALSE, FALSE, 0);
    build_column(column);
    g_signal_connect(window_, "focus-in-event", G_CALLBACK(on_focus), this);
    gtk_widget_show_all(window_);
    // So that the enter key upscales; in a list it would open the list.
    gtk_widget_grab_focus(scale_);
    refresh();
}

bool Dialog::run() {
    while (true) {
        const int response = gimp_dialog_run(GIMP_DIALOG(window_));
        if (response == kHelpResponse) {
            try {
                open_help();
            } catch (const Failure& failure) {
                show_failure(failure.what());
            }
            continue;
        }
        if (response != GTK_RESPONSE_OK || is_meant()) return response == GTK_RESPONSE_OK;
    }
}

/// Asks about a picture that is larger than most people mean.
bool Dialog::is_meant() {
    if (megapixels(to_) <= kManyMegapixels) return true;
    GtkWidget* question = gtk_message_dialog_new(
        GTK_WINDOW(window_), GTK_DIALOG_MODAL, GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE,
        "The result has %s megapixels.", format_number(megapixels(to_), 0).c_str());
    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(question), "%s",
                                             gtk_label_get_text(GTK_LABEL(result_)));
    gtk_dialog_add_buttons(GTK_DIALOG(question), "_Back", GTK_RESPONSE_CANCEL, "_Upscale",
                           GTK_RESPONSE_OK, nullptr);
    gtk_dialog_set_default_response(GTK_DIALOG(question), GTK_RESPONSE_OK);
    const int response = gtk_dialog_run(GTK_DIALOG(question));
    gtk_widget_destroy(question);
    return response == GTK_RESPONSE_OK;
}

void Dialog::add_row(GtkWidget* grid, const char* text, GtkWidget* widget, GtkWidget* focus) {
    GtkWidget* label = new_label(text);
    gtk_label_set_mnemonic_widget(GTK_LABEL(label), focus == nullptr ? widget : focus);
    put_in_grid(grid, label, 0, row_, 1);
    put_in_grid(grid, widget, 1, row_, kColumns - 1);
    ++row_;
}

GtkWidget* Dialog::build_scale_row() {
    GtkWidget* row = new_box(GTK_ORIENTATION_HORIZONTAL, 6);
    for (const int scale : {2, 3, 4}) {
        GtkWidget* button = gtk_button_new_with_label((std::to_string(scale) + "x").c_str());
        g_object_set_data(G_OBJECT(button), "scale", GINT_TO_POINTER(scale));
        g_signal_connect(button, "clicked", G_CALLBACK(on_scale_button), this);
        gtk_box_pack_start(GTK_BOX(row), button, FALSE, FALSE, 0);
    }
    gtk_box_pack_start(GTK_BOX(row), scale_, TRUE, TRUE, 0);
    connect(scale_, "value-changed");
    return row;
}

GtkWidget* Dialog::build_size_row() {
    GtkWidget* row = new_box(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget* height = new_label("Hei_ght:");
    gtk_label_set_mnemonic_widget(GTK_LABEL(height), height_);
    gtk_box_pack_start(GTK_BOX(row), width_, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), height, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(row), height_, TRUE, TRUE, 0);
    connect(width_, "value-changed");
    connect(height_, "value-changed");
    return row;
}

GtkWidget* Dialog::build_model_row() {
    GtkWidget* row = new_box(GTK_ORIENTATION_HORIZONTAL, 6);
    GtkWidget* folder = gtk_button_new_with_mnemonic("_Folder");
    gtk_widget_set_tooltip_text(folder, "Opens the folder for model files of your own");
    g_signal_connect(folder, "clicked", G_CALLBACK(on_folder), this);
    gtk_box_pack_start(GTK_BOX(row), models_.widget(), TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), folder, FALSE, FALSE, 0);
    connect(models_.widget(), "changed");
    return row;
}

/// What hardly anybody needs.
GtkWidget* Dialog::build_more() {
    GtkWidget* more = gtk_expander_new_with_mnemonic("M_ore");
    GtkWidget* grid = new_grid();
    gtk_container_add(GTK_CONTAINER(more), grid);
    gtk_widget_set_tooltip_text(colour_lock_, "Brightness and hue stay those of the original");
    gtk_widget_set_tooltip_text(
        input_, "For models that hold weights of their own for some kinds of pictures");
    const bool is_special = settings_.input != SISR_BRIDGE_INPUT_AUTO ||
                            settings_.colour_lock != SISR_BRIDGE_COLOR_LOCK_AUTO;
    gtk_expander_set_expanded(GTK_EXPANDER(more), is_special);
    add_row(grid, "_Input is:", input_);
    add_row(grid, "Colour _lock:", colour_lock_);
    connect(input_, "changed");
    connect(colour_lock_, "changed");
    return more;
}

void Dialog::build_column(GtkWidget* column) {
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(preset_), "As set below");
    for (const Preset& preset : kPresets) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(preset_), preset.words);
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(preset_), 0);
    g_signal_connect(preset_, "changed", G_CALLBACK(on_preset), this);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(keep_print_size_), settings_.keep_print_size);

    GtkWidget* grid = new_grid();
    gtk_box_pack_start(GTK_BOX(column), grid, FALSE, FALSE, 0);
    add_row(grid, "_Preset:", preset_);
    add_row(grid, "_Enlarge:", mode_);
    if (const std::string reason = obstacle(selection_, Mode::layer); !reason.empty()) {
        add_row(grid, "", new_text("\"This layer\" is not to be had: " + reason));
    }
    add_row(grid, "_Model:", build_model_row(), models_.widget());
    add_row(grid, "", trained_for_);
    add_row(grid, "_Scale:", build_scale_row(), scale_);
    add_row(grid, "_Width:", build_size_row(), width_);
    add_row(grid, "S_trength:", strength_.widget(), strength_.field());
    add_row(grid, "", keep_print_size_);
    GtkWidget* more = build_more();
    gtk_box_pack_start(GTK_BOX(column), more, FALSE, FALSE, 0);
    gtk_box_pack_end(GTK_BOX(column), result_, FALSE, FALSE, 0);
    connect(mode_, "changed");
    connect(keep_print_size_, "toggled");
}

void Dialog::on_preset(GtkWidget* list, gpointer self) {
    auto* dialog = static_cast<Dialog*>(self);
    const int row = gtk_combo_box_get_active(GTK_COMBO_BOX(list));
    if (dialog->filling_ || row < 1) return;
    const auto index = static_cast<std::size_t>(row - 1);
    kPresets[index].apply(dialog->settings_, resolution(dialog->selection_.image).x);
    dialog->show_choices();
    dialog->refresh();
}

void Dialog::on_scale_button(GtkWidget* button, gpointer self) {
    auto* dialog = static_cast<Dialog*>(self);
    dialog->settings_.width = dialog->settings_.height = 0;
    dialog->settings_.scale = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(button), "scale"));
    dialog->refresh();
}

void Dialog::on_folder(GtkWidget* /*button*/, gpointer self) {
    auto* dialog = static_cast<Dialog*>(self);
    try {
        open_model_folder();
        dialog->folder_was_opened_ = true;
    } catch (const Failure& failure) {
        dialog->show_failure(failure.what());
    }
}

/// The user comes back, maybe from putting a file into the folder.
gboolean Dialog::on_focus(GtkWidget* /*window*/, GdkEvent* /*event*/, gpointer self) {
    auto* dialog = static_cast<Dialog*>(self);
    if (dialog->folder_was_opened_) {
        const Raised raised(dialog->filling_);
        dialog->models_.refresh();
    }
    return FALSE;
}

void Dialog::change(GtkWidget* widget) {
    if (filling_) return;
    if (widget == mode_) {
        settings_.mode = static_cast<Mode>(gtk_combo_box_get_active(GTK_COMBO_BOX(mode_)));
    }
    if (widget == models_.widget()) {
        settings_.strength = SISR_BRIDGE_MODEL_STRENGTH;
        settings_.model = models_.chosen();
    }
    settings_.colour_lock =
        static_cast<SisrBridgeColorLock>(gtk_combo_box_get_active(GTK_COMBO_BOX(colour_lock_)));
    settings_.input = static_cast<SisrBridgeInput>(gtk_combo_box_get_active(GTK_COMBO_BOX(input_)));
    settings_.keep_print_size =
        gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(keep_print_size_)) != FALSE;
    change_size(widget);
    {
        const Raised raised(filling_);
        gtk_combo_box_set_active(GTK_COMBO_BOX(preset_), 0);
    }
    refresh();
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

/// What refresh() does not follow, since users change it themselves.
void Dialog::show_choices() {
    const Raised raised(filling_);
    gtk_combo_box_set_active(GTK_COMBO_BOX(mode_), static_cast<int>(settings_.mode));
    gtk_combo_box_set_active(GTK_COMBO_BOX(colour_lock_), settings_.colour_lock);
    gtk_combo_box_set_active(GTK_COMBO_BOX(input_), settings_.input);
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(keep_print_size_), settings_.keep_print_size);
    models_.choose(settings_.model);
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
    strength_.set_sensitive(model_info_->has_strength != FALSE);
    // One of a family may have no strength where another has.
    if (!model_info_->has_strength) settings_.strength = SISR_BRIDGE_MODEL_STRENGTH;
    if (settings_.strength < 0) {
        strength_.show(model_info_->default_strength);
    } else if (std::isfinite(settings_.strength)) {
        strength_.show(settings_.strength);
    }
}

/// What a run will take; nothing before the preview has told.
std::optional<double> Dialog::seconds_of(const Plan& plan) const {
    const auto rate = preview_->seconds_per_pixel();
    if (!rate) return std::nullopt;
    double seconds = 0;
    for (const PlannedLayer& planned : plan.layers) {
        seconds += 1e6 * megapixels(planned.before.size) * *rate +
                   1e6 * megapixels(planned.after) * kApplySeconds;
    }
    return seconds;
}

void Dialog::describe(Size from, Size to) {
    const Plan plan = make_plan(selection_, settings_);
    std::string text = to_text(from) + " becomes " + to_text(to) + " pixels (" +
                       format_number(megapixels(to), 1) + " megapixels). ";
    const auto seconds = seconds_of(plan);
    if (seconds) g_debug("estimate: %s s", format_number(*seconds, 2).c_str());
    text += "Takes " + (seconds ? about(*seconds) : std::string("...")) + " and " +
            format_number(std::ceil(needed_bytes(plan) / 1e6), 0) + " MB";
    if (plan.layers.size() > 1) {
        text += " for " + std::to_string(plan.layers.size()) + " layers";
    }
    text += is_indexed(selection_.image) ? "; the indexed image becomes RGB." : ".";
    gtk_label_set_text(GTK_LABEL(result_), text.c_str());
}

void Dialog::show_failure(const std::string& text) {
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
        if (!models_.problem().empty()) throw Failure(models_.problem());
        const double scale = scale_of(settings_, from);
        show_model(std::clamp(scale, SISR_BRIDGE_MIN_SCALE, SISR_BRIDGE_MAX_SCALE));
        to_ = target_size(settings_, from);
        Settings shown = settings_;
        shown.scale = scale_between(from, to_);
        preview_->update(shown, static_cast<double>(to_.width) / from.width,
                         static_cast<double>(to_.height) / from.height);
        require_room(make_plan(selection_, settings_));
        describe(from, to_);
        ready = true;
    } catch (const Failure& failure) {
        show_failure(failure.what());
    }
    gtk_dialog_set_response_sensitive(GTK_DIALOG(window_), GTK_RESPONSE_OK, ready);
}

}  // namespace

bool ask_user(const Selection& selection, Settings& settings) {
    return Dialog(selection, settings).run();
}

}  // namespace sisr::gimp
