#include "model_list.h"

#include <algorithm>
#include <cerrno>
#include <glib/gstdio.h>
#include <memory>

namespace sisr::gimp {
namespace {

enum Column { kText, kIsChoice, kColumnCount };

using ModelsPtr = std::unique_ptr<GPtrArray, decltype(&g_ptr_array_unref)>;
using TextPtr = std::unique_ptr<gchar, decltype(&g_free)>;

const SisrBridgeModel& model_at(const GPtrArray* models, guint index) {
    return *static_cast<const SisrBridgeModel*>(g_ptr_array_index(models, index));
}

void open_with_its_program(const std::string& path) {
    const TextPtr uri(g_filename_to_uri(path.c_str(), nullptr, nullptr), g_free);
    GError* error = nullptr;
    if (!uri || !g_app_info_launch_default_for_uri(uri.get(), nullptr, &error)) {
        const std::string reason = error == nullptr ? "not a file's name" : error->message;
        g_clear_error(&error);
        throw Failure(path + ": " + reason);
    }
}

}  // namespace

ModelList::ModelList(const std::string& chosen)
    : store_(gtk_list_store_new(kColumnCount, G_TYPE_STRING, G_TYPE_BOOLEAN)),
      list_(gtk_combo_box_new_with_model(GTK_TREE_MODEL(store_))) {
    g_object_unref(store_);
    GtkCellRenderer* cell = gtk_cell_renderer_text_new();
    g_object_set(cell, "ellipsize", PANGO_ELLIPSIZE_END, nullptr);
    gtk_cell_layout_pack_start(GTK_CELL_LAYOUT(list_), cell, TRUE);
    gtk_cell_layout_set_attributes(GTK_CELL_LAYOUT(list_), cell, "text", kText, "sensitive",
                                   kIsChoice, nullptr);
    models_ = {chosen};
    refresh();
    choose(chosen);
}

void ModelList::add(const std::string& model, const std::string& text, bool is_heading) {
    gtk_list_store_insert_with_values(store_, nullptr, -1, kText, text.c_str(), kIsChoice,
                                      is_heading ? FALSE : TRUE, -1);
    models_.push_back(is_heading ? "" : model);
}

std::string ModelList::chosen() const {
    const int row = gtk_combo_box_get_active(GTK_COMBO_BOX(list_));
    const bool is_choice = row >= 0 && !models_.at(static_cast<std::size_t>(row)).empty();
    return is_choice ? models_.at(static_cast<std::size_t>(row)) : SISR_BRIDGE_DEFAULT_MODEL;
}

void ModelList::choose(const std::string& model) {
    const std::string& name = model.empty() ? SISR_BRIDGE_DEFAULT_MODEL : model;
    auto row = std::find(models_.begin(), models_.end(), name);
    // Another family, a file, or a model that is no longer there.
    if (row == models_.end()) {
        add(name, name);
        row = std::prev(models_.end());
    }
    gtk_combo_box_set_active(GTK_COMBO_BOX(list_),
                             static_cast<int>(std::distance(models_.begin(), row)));
}

void ModelList::refresh() {
    const std::string before = models_.size() == 1 ? models_.front() : chosen();
    models_.clear();
    problem_.clear();
    gtk_list_store_clear(store_);
    add(SISR_BRIDGE_DEFAULT_MODEL, "Default: photographs, as the scale needs it");
    GError* error = nullptr;
    const ModelsPtr models(sisr_bridge_list_models(&error), [](GPtrArray* list) {
        if (list != nullptr) g_ptr_array_unref(list);
    });
    if (!models) {
        problem_ = error->message;
        g_error_free(error);
    } else if (models->len == 0) {
        problem_ = "No model is installed.";
    } else {
        for (const bool is_users : {false, true}) {
            bool is_first = true;
            for (guint i = 0; i < models->len; ++i) {
                const SisrBridgeModel& model = model_at(models.get(), i);
                if ((model.is_users != FALSE) != is_users) continue;
                if (is_first) add("", is_users ? "Yours" : "With SISR", true);
                is_first = false;
                add(model.name,
                    std::string(model.name) + "  (" + std::to_string(model.scale) + "x)");
            }
        }
    }
    choose(before);
}

void open_model_folder() {
    const TextPtr folder(sisr_bridge_user_models(), g_free);
    if (g_mkdir_with_parents(folder.get(), 0755) != 0) {
        throw Failure(std::string(folder.get()) + ": " + g_strerror(errno));
    }
    open_with_its_program(folder.get());
}

void open_help() {
    // The page lies beside the plug-in.
    const TextPtr program(g_file_read_link("/proc/self/exe", nullptr), g_free);
    const TextPtr folder(g_path_get_dirname(program ? program.get() : ""), g_free);
    const TextPtr page(g_build_filename(folder.get(), "help.html", nullptr), g_free);
    open_with_its_program(page.get());
}

}  // namespace sisr::gimp
