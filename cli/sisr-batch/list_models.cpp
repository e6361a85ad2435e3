#include "list_models.h"

#include "base/numbers.h"
#include "common/console_progress.h"

#include <sisr/model.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace sisr::cli {
namespace {

/// As people read it: "1.2 M".
std::string in_millions(std::size_t count) {
    return format_number(1e-6 * static_cast<double>(count), 2) + " M";
}

const char* exactness(const ModelInfo& info) { return info.is_exact ? "exact" : "approximate"; }

void print_table(const std::vector<ModelInfo>& models, const std::filesystem::path& usual) {
    int width = 4;
    for (const ModelInfo& info : models)
        width = std::max(width, static_cast<int>(printable(info.name).size()));
    std::printf("%-*s %5s  %-12s %10s  %-11s %8s  %s\n", width, "name", "scale", "architecture",
                "parameters", "tiles", "strength", "trained for");
    for (const ModelInfo& info : models) {
        // A model of one stage only has none to choose.
        const std::string strength =
            info.has_strength ? format_number(info.default_strength, 2) : "-";
        const std::string words = info.trained_for.empty() ? info.sizes : info.trained_for;
        std::printf("%-*s %5d  %-12s %10s  %-11s %8s  %s%s\n", width, printable(info.name).c_str(),
                    info.scale, info.architecture.c_str(), in_millions(info.parameters).c_str(),
                    exactness(info), strength.c_str(), info.path == usual ? "(default) " : "",
                    printable(words).c_str());
    }
}

void print_json(const std::vector<ModelInfo>& models, const std::filesystem::path& usual) {
    auto list = nlohmann::ordered_json::array();
    for (const ModelInfo& info : models) {
        nlohmann::ordered_json entry;
        entry["name"] = info.name;
        entry["default"] = info.path == usual;
        entry["architecture"] = info.architecture;
        entry["sizes"] = info.sizes;
        entry["scale"] = info.scale;
        entry["channels"] = info.colour_channels;
        entry["parameters"] = info.parameters;
        entry["multiply_adds_per_pixel"] = count_multiply_adds(info.path);
        entry["tiles"] = exactness(info);
        if (info.has_strength) entry["strength"] = info.default_strength;
        entry["colour_lock"] = info.locks_colour;
        entry["trained_for"] = info.trained_for;
        entry["licence"] = info.licence;
        entry["path"] = info.path.string();
        list.push_back(std::move(entry));
    }
    // Names need not be UTF-8.
    constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
    std::printf("%s\n", list.dump(2, ' ', false, kReplace).c_str());
}

}  // namespace

ExitCode list_installed_models(bool as_json) {
    const auto models = list_models();
    const std::filesystem::path usual =
        models.empty() ? std::filesystem::path() : find_model_file(default_model_name());
    (as_json ? print_json : print_table)(models, usual);
    if (models.empty()) std::fprintf(stderr, "sisr-batch: no model is installed\n");
    return models.empty() ? ExitCode::usage : ExitCode::done;
}

}  // namespace sisr::cli
