#include "commands.h"
#include "common/input_kind.h"
#include "common/option_values.h"
#include "image/resize.h"
#include "option_parser.h"
#include "record/contact_sheet.h"
#include "run/evaluation.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

namespace sisr::cli {
namespace {

namespace po = boost::program_options;
using training::ImageQuality;

// A stand-in for a model, so that the comparison everybody makes is one command away.
constexpr const char* kBicubic = "bicubic";

constexpr int kSheetSide = 256;  // pixels of the truth

po::options_description describe_options() {
    const auto text = [](const char* value_name) {
        return po::value<std::string>()->value_name(value_name);
    };
    po::options_description options("Options", 100);
    // clang-format off
    options.add_options()
        ("model,m", text("NAME|FILE")->required(), "model, or bicubic for plain enlargement")
        ("hr", text("DIR")->required(), "high-resolution images")
        ("lr", text("DIR"),
         "low-resolution images of the same names; default: --hr degraded")
        ("degrade", text("SPEC"), "how, as for training; default: clean bicubic")
        ("perceptual", text("FILE"), "SqueezeNet 1.1's weights, to measure the feature distance")
        ("perceptual-linear", text("FILE"), "LPIPS' linear layers for it, to measure LPIPS")
        ("niqe-model", text("FILE"), "NIQE's model of natural pictures, see convert-niqe")
        ("sheet", text("FILE"), "picture to write: input, result, truth of each image")
        ("scale", text("N"), "default: the model's (bicubic: 4)")
        ("border", text("N"), "pixels cut from each side; default: the scale")
        ("strength", text("S"), "0 (fidelity) to 1 (detail), for models that hold both stages")
        ("input-is", text("KIND")->default_value("auto"),
         "auto, clean, damaged or heavy, for models that hold weights for several")
        ("precision", text("P")->default_value("auto"), "auto, fp32 or bf16")
        ("json", po::bool_switch(), "print JSON");
    // clang-format on
    return options;
}

void print_table(const std::vector<ImageQuality>& rows) {
    const auto print = [](const ImageQuality& row) {
        std::printf("%-24s %s\n", row.name.c_str(), training::describe(row.quality).c_str());
    };
    for (const ImageQuality& row : rows) print(row);
    print(training::mean_of(rows));
}

void print_json(const std::vector<ImageQuality>& rows) {
    const auto convert = [](const ImageQuality& row) {
        nlohmann::ordered_json json{{"name", row.name}};
        for (const auto& [key, value] : training::quality_values(row.quality)) json[key] = value;
        return json;
    };
    nlohmann::ordered_json json;
    for (const ImageQuality& row : rows) json["images"].push_back(convert(row));
    json["mean"] = convert(training::mean_of(rows));
    std::cout << json.dump(2) << "\n";
}

}  // namespace

ExitCode run_eval(const Arguments& arguments) {
    const auto parsed =
        parse_arguments("eval", "--model M --hr DIR [--lr DIR]", describe_options(), arguments);
    if (!parsed) return ExitCode::done;
    const OptionValues values(*parsed);

    training::EvaluationOptions options;
    options.truth = values.text("hr");
    if (values.has("lr")) options.input = values.text("lr");
    options.degradation = values.text("degrade");
    if (values.has("lr") && values.has("degrade")) {
        throw Error(ErrorKind::usage, "--degrade", "is for images that --lr does not give");
    }
    if (values.has("scale")) options.scale = values.number("scale", 1, 8);
    UpscaleOptions upscale;
    if (values.has("strength")) upscale.strength = values.number<double>("strength", 0, 1);
    upscale.input = read_input_kind(values);
    upscale.precision = values.choice<Precision>(
        "precision",
        {{"auto", Precision::automatic}, {"fp32", Precision::fp32}, {"bf16", Precision::bf16}});
    std::optional<Upscaler> upscaler;
    if (values.text("model") != kBicubic) {
        const Model model =
            find_model(values.text("model"), values.has("scale") ? options.scale : 0);
        if (!values.has("scale")) options.scale = model.info().scale;
        upscale.scale = options.scale;
        upscaler.emplace(model, upscale);
    }
    options.border = values.has("border") ? values.number("border", 0, 1000) : options.scale;

    bool all_measured = true;
    std::vector<std::vector<Image>> cells;
    training::EvaluationParts parts;
    const auto file = [&values](const char* name) {
        return values.has(name) ? values.text(name) : std::string();
    };
    parts.measures = training::load_measures(
        {file("perceptual"), file("perceptual-linear"), file("niqe-model")});
    parts.fail = [&](const std::string& line) {
        all_measured = false;
        std::fprintf(stderr, "sisr-train: %s\n", line.c_str());
    };
    if (values.has("sheet")) {
        parts.show = [&](const Image& input, const Image& result, const Image& truth) {
            cells.push_back(
                {training::comparison_strip(input, result, truth, options.scale, kSheetSide)});
        };
    }
    const auto rows = training::evaluate(
        options,
        [&](const Image& image) {
            NoProgress progress;
            const Size size{image.width() * options.scale, image.height() * options.scale};
            return upscaler ? upscaler->run(image, progress) : resize(image, size, Kernel::bicubic);
        },
        parts);
    if (rows.empty())
        throw Error(ErrorKind::not_found, options.truth.string(), "nothing was measured");
    if (!cells.empty()) write_image(values.text("sheet"), training::contact_sheet(cells, 2));
    values.flag("json") ? print_json(rows) : print_table(rows);
    return all_measured ? ExitCode::done : ExitCode::some_failed;
}

}  // namespace sisr::cli
