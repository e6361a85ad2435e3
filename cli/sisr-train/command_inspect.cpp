#include "base/numbers.h"
#include "commands.h"
#include "common/console_progress.h"
#include "formats/model_header.h"
#include "formats/onnx/onnx_graph.h"
#include "model/model_impl.h"
#include "option_parser.h"
#include "ship/judge_fit.h"

#include <sisr/error.h>

#include <cstdio>
#include <optional>
#include <string>

namespace sisr::cli {
namespace {

/// A line with words that a file has chosen, none of which can move the cursor of a terminal.
void print_line(const std::string& line) { std::printf("%s\n", printable(line).c_str()); }

// The size that the literature counts multiply-adds for.
constexpr double kReferencePixels = 1280.0 * 720.0;

/// Lists of layers, which are no words for people.
bool is_list_of_layers(const std::string& key) {
    return key == "ncnn.param" || key == kOnnxGraphKey;
}

/// What others' training left in the file that the network does not need.
void print_unused(const Model::Impl& impl) {
    if (impl.published == nullptr) return;
    for (const std::string& name : impl.published->build(impl.tensors, impl.metadata).unused) {
        print_line("not used       " + name);
    }
}

void print(const Model& model) {
    const ModelInfo& info = model.info();
    const NetworkTraits& traits = model.impl().traits;
    const double area = static_cast<double>(traits.scale) * traits.scale;
    print_line("file           " + info.path.string());
    print_line("name           " + info.name);
    std::printf("architecture   %s\n", info.architecture.c_str());
    std::printf("scale          %d\n", info.scale);
    std::printf("channels       %d in and out\n", info.colour_channels);
    if (!info.sizes.empty()) std::printf("sizes          %s\n", info.sizes.c_str());
    std::printf("tiles          %s\n", info.is_exact ? "exact" : "approximate");
    std::printf("parameters     %zu\n", info.parameters);
    const double operations =
        kReferencePixels / area * static_cast<double>(traits.multiply_adds_per_pixel);
    std::printf("multiply-adds  %s G for a 1280x720 result\n",
                format_number(1e-9 * operations, 2).c_str());
    if (model.impl().published != nullptr) {
        std::printf("strength       0 (plain enlargement) to 1 (the network's), default 1\n");
    } else if (info.has_strength)
        std::printf("strength       0 to 1, default %s\n",
                    format_number(info.default_strength, 2).c_str());
    for (const auto& special : model.impl().specials) {
        std::printf("weights for    %s input\n", training::name_of(special.kind));
    }
    if (!model.impl().specials.empty() && model.impl().judge.empty())
        std::printf("               chosen by hand only: see sisr-train judge\n");
    std::printf("radius         %d input pixels\n", info.radius);
    print_unused(model.impl());
    for (const auto& [key, value] : model.impl().metadata) {
        if (is_list_of_layers(key)) continue;
        print_line(key + " = " + value);
    }
}

/// What a file holds that is no model that can be run.
void print_tensors(const ModelHeader& header) {
    for (const auto& [name, shape] : header.shapes) {
        std::string sizes;
        for (const std::int64_t size : shape) {
            sizes += (sizes.empty() ? "" : "x") + std::to_string(size);
        }
        std::printf("%-60s %s\n", printable(name).c_str(), sizes.c_str());
    }
    for (const auto& [key, value] : header.metadata) {
        if (is_list_of_layers(key)) continue;
        print_line(key + " = " + value);
    }
}

/// The file's own tensors where it is no model, before whoever asked is told so.
Model load(const std::string& name_or_file) {
    try {
        return find_model(name_or_file);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::not_found) throw;
        std::optional<ModelHeader> header;
        try {
            header = read_model_header(find_model_file(name_or_file));
        } catch (const Error&) {
            throw error;  // nothing of it can be read
        }
        print_tensors(*header);
        throw;
    }
}

}  // namespace

ExitCode run_inspect(const Arguments& arguments) {
    namespace po = boost::program_options;
    po::options_description options("Options");
    // clang-format off
    options.add_options()
        ("model", po::value<std::string>()->required()->value_name("NAME|FILE"),
         "installed model, or a model in any kind of file");
    // clang-format on
    const auto values = parse_arguments("inspect", "MODEL", options, arguments, {"model"});
    if (!values) return ExitCode::done;
    print(load((*values)["model"].as<std::string>()));
    return ExitCode::done;
}

}  // namespace sisr::cli
