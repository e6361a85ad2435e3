#include "checkpoint.h"
#include "commands.h"
#include "common/parse_number.h"
#include "export.h"
#include "option_parser.h"

#include "model/formats/safetensors.h"
#include "model/model_impl.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <cstdio>
#include <filesystem>
#include <optional>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

TensorFile read_checkpoint(const fs::path& path) {
    if (!fs::is_directory(path)) return read_safetensors(path);
    const auto warn = [](const std::string& line) {
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    };
    const training::CheckpointStore store(path / "checkpoints", 1);
    auto checkpoint = store.load_newest(warn);
    if (!checkpoint) throw Error(ErrorKind::not_found, path.string(), "holds no checkpoint");
    return std::move(*checkpoint);
}

/// One stage's weights: a run's or a model's own, or of a model with two those at a strength.
Tensors weights_of(const fs::path& from, const TensorFile& file,
                   const std::optional<double>& strength) {
    Tensors weights = training::weights_to_export(file);
    if (!weights.empty()) return weights;
    if (!training::has_two_stages(file)) {
        throw Error(ErrorKind::bad_model, from.string(),
                    "is neither a training run's checkpoint nor a model");
    }
    if (!strength) {
        throw Error(ErrorKind::usage, from.string(),
                    "holds two stages: choose their mixture with --strength, without --fidelity");
    }
    return at_strength(Model::load(from), strength).impl().tensors;
}

/// A finished model as it is, and another for clean input in the same file.
void export_with_clean(const std::string& from, const std::string& clean, double below,
                       const fs::path& target) {
    TensorFile model = read_safetensors(find_model(from).info().path);
    training::add_clean(model, read_safetensors(find_model(clean).info().path), below);
    write_safetensors(target, model);
    Model::load(target);
    std::printf("%s\n", target.c_str());
}

}  // namespace

ExitCode run_export(const Arguments& arguments) {
    namespace po = boost::program_options;
    const auto text = [](const char* value_name) {
        return po::value<std::string>()->value_name(value_name);
    };
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("from", text("RUN|CHECKPOINT|MODEL")->required(),
         "run folder (its newest checkpoint), checkpoint file or model")
        ("fidelity", text("FILE"),
         "a model that the run started from, or that started from it: both in one file")
        ("strength", text("S"),
         "with --fidelity the new model's default, else 1; of a model with two stages the mixture "
         "that is written: from 0 (fidelity) to 1 (detail)")
        ("clean", text("MODEL"),
         "a model for clean input, whose weights are added to those of a finished model; pictures "
         "with less damage than --clean-below get them")
        ("clean-below", text("X")->default_value("0.068"), "the damage, from 0 to 1")
        ("color-lock", text("on|off"),
         "the model's default; on with --fidelity, else as in the file")
        ("output,o", text("FILE")->required(), "the model file to write")
        ("name", text("NAME"), "of the model; default: the file's")
        ("trained-for", text("TEXT")->default_value("clean photographs"), "in a few words")
        ("training", text("TEXT")->default_value(""), "data and iterations, in a line")
        ("licence", text("TEXT")->default_value("Apache-2.0"), "of the weights");
    // clang-format on
    const auto parsed =
        parse_arguments("export", "RUN|CHECKPOINT|MODEL -o FILE", options, arguments, "from");
    if (!parsed) return ExitCode::done;
    const auto value = [&parsed](const char* name) { return (*parsed)[name].as<std::string>(); };

    const fs::path target = value("output");
    if (parsed->count("clean") != 0) {
        export_with_clean(value("from"), value("clean"),
                          parse_number("--clean-below", value("clean-below"), 0.0, 1.0), target);
        return ExitCode::done;
    }
    const TensorFile checkpoint = read_checkpoint(value("from"));
    std::optional<double> strength;
    if (parsed->count("strength") != 0) {
        strength = parse_number("--strength", value("strength"), 0.0, 1.0);
    }
    const bool joins = parsed->count("fidelity") != 0;
    const Tensors weights = weights_of(value("from"), checkpoint, joins ? std::nullopt : strength);
    training::ModelCard card;
    card.name = parsed->count("name") != 0 ? value("name") : target.stem().string();
    card.trained_for = value("trained-for");
    card.training = value("training");
    card.licence = value("licence");
    card.locks_colour = joins || metadata_value(checkpoint.metadata, "sisr.colour_lock", "") == "1";
    if (parsed->count("color-lock") != 0) {
        const std::string lock = value("color-lock");
        if (lock != "on" && lock != "off") {
            throw Error(ErrorKind::usage, "--color-lock", "must be on or off");
        }
        card.locks_colour = lock == "on";
    }
    const auto settings = read_srresnet_settings(weights, checkpoint.metadata);
    if (!joins) {
        training::export_model(target, weights, settings, card);
    } else {
        training::TwoStages stages;
        stages.fidelity = read_safetensors(find_model(value("fidelity")).info().path).tensors;
        stages.detail = weights;
        stages.default_strength = strength.value_or(1);
        training::export_model(target, stages, settings, card);
    }
    Model::load(target);  // what we hand out can be read
    std::printf("%s\n", target.c_str());
    return ExitCode::done;
}

}  // namespace sisr::cli
