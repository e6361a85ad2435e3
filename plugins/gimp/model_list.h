/// The list of models: the default, those that came with SISR, and the user's own.
#pragma once

#include "settings.h"

#include <gtk/gtk.h>
#include <string>
#include <vector>

namespace sisr::gimp {

class ModelList {
public:
    /// `chosen` is in the list whatever is installed. Without the library, or without models,
    /// `problem()` says so.
    explicit ModelList(const std::string& chosen);
    ModelList(const ModelList&) = delete;
    ModelList& operator=(const ModelList&) = delete;

    GtkWidget* widget() const { return list_; }
    const std::string& problem() const { return problem_; }
    /// For Settings::model.
    std::string chosen() const;
    void choose(const std::string& model);
    /// Reads again what is installed; what was chosen stays so.
    void refresh();

private:
    void add(const std::string& model, const std::string& text, bool is_heading = false);

    GtkListStore* store_;
    GtkWidget* list_;
    std::string problem_;
    std::vector<std::string> models_;  ///< by row; a heading's is empty
};

/// Opens the folder of the user's models, which is made if it is not there. Throws Failure.
void open_model_folder();

/// Opens the page that says how to use the plug-in. Throws Failure.
void open_help();

}  // namespace sisr::gimp
