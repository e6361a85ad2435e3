#include "base/numbers.h"
#include "commands.h"
#include "model/model_impl.h"
#include "option_parser.h"
#include "ship/judge_fit.h"

#include <cstdio>

namespace sisr::cli {
namespace {

// The size that the literature counts multiply-adds for.
constexpr double kReferencePixels = 1280.0 * 720.0;

void print(const Model& model) {
    const ModelInfo& info = model.info();
    const NetworkTraits& traits = model.impl().traits;
    const double area = static_cast<double>(traits.scale) * traits.scale;
    std::printf("file           %s\n", info.path.c_str());
    std::printf("name           %s\n", info.name.c_str());
    std::printf("architecture   %s\n", info.architecture.c_str());
    std::printf("scale          %d\n", info.scale);
    std::printf("channels       %d in and out\n", info.colour_channels);
    std::printf("parameters     %zu\n", info.parameters);
    const double operations =
        kReferencePixels / area * static_cast<double>(traits.multiply_adds_per_pixel);
    std::printf("multiply-adds  %s G for a 1280x720 result\n",
                format_number(1e-9 * operations, 2).c_str());
    if (info.has_strength)
        std::printf("strength       0 to 1, default %s\n",
                    format_number(info.default_strength, 2).c_str());
    for (const auto& special : model.impl().specials) {
        std::printf("weights for    %s input\n", training::name_of(special.kind));
    }
    if (!model.impl().specials.empty() && model.impl().judge.empty())
        std::printf("               chosen by hand only: see sisr-train judge\n");
    std::printf("radius         %d input pixels\n", info.radius);
    for (const auto& [key, value] : model.impl().metadata) {
        std::printf("%s = %s\n", key.c_str(), value.c_str());
    }
}

}  // namespace

ExitCode run_inspect(const Arguments& arguments) {
    namespace po = boost::program_options;
    po::options_description options("Options");
    // clang-format off
    options.add_options()
        ("model", po::value<std::string>()->required()->value_name("NAME|FILE"),
         "installed model or safetensors file");
    // clang-format on
    const auto values = parse_arguments("inspect", "MODEL", options, arguments, "model");
    if (!values) return ExitCode::done;
    print(find_model((*values)["model"].as<std::string>()));
    return ExitCode::done;
}

}  // namespace sisr::cli
