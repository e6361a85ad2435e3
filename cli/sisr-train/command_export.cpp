#include "commands.h"
#include "common/option_values.h"
#include "export_published.h"
#include "option_parser.h"
#include "run/checkpoint.h"
#include "ship/export.h"

#include "formats/safetensors.h"
#include "model/model_impl.h"

#include <sisr/error.h>
#include <sisr/model.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

namespace sisr::cli {
namespace {

namespace fs = std::filesystem;

/// What is to be exported: a folder, a file, or an installed model by its name.
fs::path source_of(const OptionValues& values) {
    const std::string from = values.text("from");
    return fs::exists(from) ? fs::path(from) : find_model_file(from);
}

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

/// An option that adds the weights of a finished model for one kind of input.
struct SpecialOption {
    const char* name;
    const SpecialFormat& format;
};
constexpr std::array<SpecialOption, 2> kSpecialOptions{{
    {"clean", kSpecialFormats[0]},
    {"heavy", kSpecialFormats[1]},
}};

bool adds_special(const OptionValues& values) {
    return std::any_of(kSpecialOptions.begin(), kSpecialOptions.end(),
                       [&values](const auto& option) { return values.has(option.name); });
}

/// A finished model as it is, and others for some kinds of input in the same file.
void export_with_special(const OptionValues& values, const fs::path& target) {
    for (const char* other :
         {"fidelity", "strength", "color-lock", "name", "trained-for", "training", "licence"}) {
        if (values.has(other)) {
            throw Error(ErrorKind::usage, std::string("--") + other,
                        "is not for a finished model, to which --clean or --heavy adds weights");
        }
    }
    TensorFile model = read_safetensors(find_model(values.text("from")).info().path);
    for (const SpecialOption& option : kSpecialOptions) {
        if (!values.has(option.name)) continue;
        const Model special = find_model(values.text(option.name));
        training::add_special(model, read_safetensors(special.info().path), option.format);
    }
    write_safetensors(target, model);
}

boost::program_options::options_description describe_options() {
    namespace po = boost::program_options;
    const auto text = [](const char* value_name) {
        return po::value<std::string>()->value_name(value_name);
    };
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("from", text("RUN|CHECKPOINT|MODEL")->required(),
         "run folder (its newest checkpoint), checkpoint file, model, or another's model in any "
         "kind of file")
        ("as", text("fp32|fp16|bf16"),
         "of another's model: the type of the weights; default: as they are")
        ("fidelity", text("FILE"),
         "a model that the run started from, or that started from it: both in one file")
        ("strength", text("S"),
         "with --fidelity the new model's default, else 1; of a model with two stages the mixture "
         "that is written: from 0 (fidelity) to 1 (detail)")
        ("clean", text("MODEL"),
         "a model for clean input, whose weights are added to those of a finished model; then the "
         "command judge makes it choose")
        ("heavy", text("MODEL"),
         "a model for heavily damaged input, whose weights are added likewise")
        ("color-lock", text("on|off"),
         "the model's default; on with --fidelity, else as in the file")
        ("onnx", po::bool_switch(),
         "an ONNX file instead, as a name that ends in .onnx asks for too: for other tools")
        ("output,o", text("FILE")->required(), "the model file to write")
        ("name", text("NAME"), "of the model; default: the file's")
        ("trained-for", text("TEXT"), "in a few words; default: clean photographs")
        ("training", text("TEXT"), "data and iterations, in a line")
        ("licence", text("TEXT"), "of the weights; default: Apache-2.0");
    // clang-format on
    return options;
}

training::ModelCard make_card(const OptionValues& values, const fs::path& target,
                              bool locks_colour) {
    training::ModelCard card;
    card.name = values.has("name") ? values.text("name") : target.stem().string();
    card.trained_for = values.has("trained-for") ? values.text("trained-for") : "clean photographs";
    card.training = values.text("training");
    if (values.has("licence")) card.licence = values.text("licence");
    card.locks_colour = locks_colour;
    if (values.has("color-lock")) {
        card.locks_colour = values.choice<bool>("color-lock", {{"on", true}, {"off", false}});
    }
    return card;
}

/// A run's weights, or a model's, as a model of one stage or, with --fidelity, of two.
void export_weights(const OptionValues& values, const fs::path& from, const fs::path& target) {
    const TensorFile checkpoint = read_checkpoint(from);
    std::optional<double> strength;
    if (values.has("strength")) strength = values.number<double>("strength", 0, 1);
    const bool joins = values.has("fidelity");
    const Tensors weights = weights_of(from, checkpoint, joins ? std::nullopt : strength);
    const auto card =
        make_card(values, target,
                  joins || metadata_value(checkpoint.metadata, "sisr.colour_lock", "") == "1");
    const auto network = training::read_network_spec(weights, checkpoint.metadata);
    if (!joins) return training::export_model(target, weights, network, card);
    if (network.program != nullptr) {
        throw Error(ErrorKind::usage, "--fidelity", "is for SRResNets alone");
    }
    training::TwoStages stages;
    stages.fidelity = read_own_model(find_model(values.text("fidelity")).info().path).tensors;
    stages.detail = weights;
    stages.default_strength = strength.value_or(1);
    training::export_model(target, stages, network.srresnet, card);
}

}  // namespace

ExitCode run_export(const Arguments& arguments) {
    const auto parsed = parse_arguments("export", "RUN|CHECKPOINT|MODEL [-o] FILE",
                                        describe_options(), arguments, {"from", "output"});
    if (!parsed) return ExitCode::done;
    const OptionValues values(*parsed);
    const fs::path target = values.text("output");
    if (values.flag("onnx") || target.extension() == ".onnx") {
        export_onnx(values, target);
        std::printf("%s\n", target.c_str());
        return ExitCode::done;
    }
    const fs::path from = source_of(values);
    if (is_published_model(from)) {
        export_published(values, from, target);
    } else if (values.has("as")) {
        throw Error(ErrorKind::usage, "--as", "is for others' models; ours are in half precision");
    } else if (adds_special(values)) {
        export_with_special(values, target);
    } else {
        export_weights(values, from, target);
    }
    Model::load(target);  // what we hand out can be read
    std::printf("%s\n", target.c_str());
    return ExitCode::done;
}

}  // namespace sisr::cli
